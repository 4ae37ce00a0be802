/** `npm run chaos -- --faults N --seed S`: mixed faults against real servers and workers under load; what must hold is asked from outside. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/core/log/logger.ts';
import { preflight } from '../../src/preflight.ts';
import type { App } from '../../src/wiring.ts';
import { openPostgres, openRedis } from '../helpers/restartable-servers.ts';
import { drawFault, type Fault, heldBy, type Scene } from './faults.ts';
import { startFleet } from './fleet.ts';
import { countOpen, judge, listenToResults } from './invariants.ts';
import { startLoad } from './load.ts';
import { createSeeded } from './seeded.ts';

const { values: flags } = parseArgs({
  options: {
    faults: { type: 'string', default: '20' },
    seed: { type: 'string' },
    workers: { type: 'string', default: '2' },
    /** Bounds times this, for a machine that others use too. */
    slack: { type: 'string', default: '1' },
  },
});
const count = Number(flags.faults);
const seed = Number(flags.seed ?? Date.now() % 1_000_000);
const slack = Number(flags.slack);
if (![count, seed, slack, Number(flags.workers)].every((each) => Number.isFinite(each) && each >= 0)) {
  process.stderr.write('usage: npm run chaos -- [--faults N] [--seed N] [--workers N] [--slack FACTOR]\n');
  process.exit(2);
}
/** A worker's lock (25 s), the check for stalled jobs (5 s), a start and the run itself. */
const takenUpBoundMs = 40_000;
const drainMs = 120_000;
const concurrency = 5;

const say = (line: string) => process.stdout.write(`${line}\n`);
const violations: string[] = [];
const recoveries = new Map<string, number[]>();
const startedMs = performance.now();
/** Time that servers were away: jobs of a dead worker wait for them too. */
let outageMs = 0;

function note(name: string, tookMs: number, boundMs: number, told: readonly string[]): void {
  recoveries.set(name, [...(recoveries.get(name) ?? []), tookMs]);
  if (tookMs <= boundMs * slack) return;
  violations.push(`${name}: work went on after ${seconds(tookMs)}, at most ${seconds(boundMs)} allowed`);
  for (const line of told.slice(0, 60)) say(`     ${line.slice(0, 400)}`);
}
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

async function main(): Promise<void> {
  say(`chaos: ${count} faults, seed ${seed}`);
  const folder = await mkdtemp(path.join(tmpdir(), 'vambe-chaos-'));
  const [postgres, redis] = await Promise.all([openPostgres(folder), openRedis(folder)]);
  const urls = { postgresUrl: postgres.url, redisUrl: redis.url };
  const app = await openApp(urls);
  const seeded = createSeeded(seed);
  const fleet = startFleet(urls, { workers: Number(flags.workers), concurrency, seeded });
  const results = listenToResults(redis.url);
  try {
    await fleet.ready();
    // Draws of its own: how fast rounds of requests follow each other must not change which faults are drawn.
    const load = startLoad(app, createSeeded(seed + 1));
    const scene: Scene = { app, postgres, redis, fleet, seeded, answers: (server) => untilAnswers(app, server) };
    await untilWorkGoesOn(app, Date.now());
    const takenUp: Promise<void>[] = [];
    for (let n = 1; n <= count; n++) await inflict(scene, drawFault(seeded), n, takenUp);
    await load.stop();
    await Promise.all(takenUp);
    await untilAllEnded(app);
    const verdict = await judge(app, load);
    violations.push(...verdict.violations, ...fleet.surprises);
    violations.push(...results.differing().map((each) => `published twice with different content: ${each}`));
    const codes = await fleet.stop();
    if (codes.some((code) => code !== 0)) violations.push(`workers stopped with ${codes.join(', ')}`);
    report(verdict, load.refused, results.heard);
  } finally {
    results.stop();
    await fleet.stop();
    await app.close().catch(() => undefined);
    await Promise.all([postgres.close(), redis.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function openApp({ postgresUrl, redisUrl }: { postgresUrl: string; redisUrl: string }): Promise<App> {
  const { config } = loadConfig({ DATABASE_URL: postgresUrl, REDIS_URL: redisUrl }, '');
  const log = createLogger({ level: 'error', format: 'json' });
  const { schema } = await preflight({
    postgresUrl,
    redisUrls: [redisUrl],
    patienceMs: 30_000,
    migrates: true,
    createsApiTables: true,
    log,
  });
  return createApp({ config, postgresUrl, redisUrl, schema, log });
}

async function inflict(scene: Scene, fault: Fault, n: number, takenUp: Promise<void>[]): Promise<void> {
  const { app, fleet, seeded } = scene;
  const beginMs = performance.now();
  const told = fleet.listen();
  if (fault.name === 'worker killed') {
    const worker = await fleet.pick();
    const held = await heldBy(app, fleet.nameOf(worker));
    fleet.kill(worker);
    takenUp.push(watchTakenUp(scene, held, told));
  } else await fault.run(scene);
  const tookMs = performance.now() - beginMs;
  let words = '';
  if (fault.boundMs !== null) {
    const [backMs, unmannedBeforeMs] = [Date.now(), fleet.unmannedMs];
    await untilWorkGoesOn(app, backMs);
    const recoveredMs = Math.max(0, Date.now() - backMs - (fleet.unmannedMs - unmannedBeforeMs));
    outageMs += tookMs + recoveredMs;
    note(fault.name, recoveredMs, fault.boundMs, told());
    words = `, work again after ${seconds(recoveredMs)}`;
  }
  say(`${String(n).padStart(3)}  ${seconds(performance.now() - startedMs).padStart(8)}  ${fault.name}${words}`);
  await sleep(seeded.between(200, 1_500));
}

/** Jobs of dead workers that are being waited for; one that kills their next worker too begins anew. */
const watches = new Set<{ readonly held: readonly string[]; fromMs: number; idleBeforeMs: number }>();

/** How long the jobs that a worker held when it died take to end; outages of servers, and times without any worker, are not its doing. */
async function watchTakenUp(
  { app, fleet }: Scene,
  held: readonly string[],
  told: () => readonly string[],
): Promise<void> {
  const idleMs = () => outageMs + fleet.unmannedMs;
  const begin = () => ({ fromMs: performance.now(), idleBeforeMs: idleMs() });
  for (const watch of watches) if (watch.held.some((rowId) => held.includes(rowId))) Object.assign(watch, begin());
  if (held.length === 0) return;
  const watch = { held, ...begin() };
  watches.add(watch);
  const text = `select count(*)::int as open from vambe_worker.jobs where id = any($1::bigint[]) and state in ('queued', 'retrying')`;
  for (; performance.now() - watch.fromMs < drainMs; await sleep(200)) {
    const [row] = await app.database.run<{ open: number }>({ name: '', text }, [held]).catch(() => [{ open: 1 }]);
    if (row?.open === 0) break;
  }
  watches.delete(watch);
  const tookMs = performance.now() - watch.fromMs - (idleMs() - watch.idleBeforeMs);
  note('worker killed', tookMs, takenUpBoundMs, told());
}

/** Until a job that waited at that moment has been started and completed; the database's clock is this machine's. */
async function untilWorkGoesOn(app: App, wallMs: number): Promise<void> {
  const text = `select 1 from vambe_worker.jobs where state = 'completed' and task = 'classify_meeting' and started_at > to_timestamp($1::float8 / 1000)
    and (accepted_at < to_timestamp($1::float8 / 1000) or not exists (
      select 1 from vambe_worker.jobs w where w.state in ('queued', 'retrying') and w.accepted_at < to_timestamp($1::float8 / 1000))) limit 1`;
  for (const untilMs = performance.now() + drainMs; performance.now() < untilMs; await sleep(25)) {
    if ((await app.database.run({ name: '', text }, [wallMs]).catch(() => [])).length > 0) return;
  }
}

async function untilAnswers(app: App, server: 'postgres' | 'redis'): Promise<void> {
  const ask = () => (server === 'postgres' ? app.database.testConnection() : app.redis.ping());
  for (const untilMs = performance.now() + drainMs; performance.now() < untilMs; await sleep(25)) {
    const isBack = await ask().then(
      () => true,
      () => false,
    );
    if (isBack) return;
  }
}

async function untilAllEnded(app: App): Promise<void> {
  const untilMs = performance.now() + drainMs;
  while ((await countOpen(app).catch(() => 1)) > 0 && performance.now() < untilMs) await sleep(200);
}

function report(
  { accepted, completed, failed }: { accepted: number; completed: number; failed: number },
  refused: number,
  heard: number,
): void {
  say('');
  for (const [name, times] of recoveries) {
    const sorted = times.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    say(
      `${name}: ${times.length} times, work again after ${seconds(median)} (median), ${seconds(sorted.at(-1) ?? 0)} (longest)`,
    );
  }
  say(
    `${accepted} requests accepted, ${completed} jobs completed, ${failed} failed with a reason; ${heard} results heard`,
  );
  say(`${refused} rounds of requests refused while a server was away`);
  for (const violation of violations.slice(0, 50)) say(`VIOLATION ${violation.slice(0, 1_000)}`);
  say(`${violations.length} violations, seed ${seed}, ${seconds(performance.now() - startedMs)}`);
}

await main();
process.exit(violations.length === 0 ? 0 : 1);
