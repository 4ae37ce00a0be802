/** `vambe export --format archive` out of embedded servers and `vambe import FILE.vambe` into real ones. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { createDatabase } from '../../src/core/connections/database.ts';
import { startEmbedded } from '../../src/embedded/embedded.ts';
import { migrateDatabase } from '../../src/models/schema-check.ts';
import { insertMeetings, manyTranscripts } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const commands = ['export', 'import', 'review'].map((name) => ({
  name,
  load: (): Promise<CommandModule> => import(`../../src/cli/commands/${name}.ts`),
}));

let folder: string;
let archive: string;
let embedded: Awaited<ReturnType<typeof startEmbedded>>;
let source: TestApp;
let namespace: Namespace;
let target: TestApp;

async function vambe(app: { postgresUrl: string; redisUrl: string }, ...args: readonly string[]) {
  const { io, stdout, stderr } = makeIo({ environment: { DATABASE_URL: app.postgresUrl, REDIS_URL: app.redisUrl } });
  const code = await run(args, { commands, version: '1.2.3', io });
  return { code, out: stdout.text(), err: stderr.text() };
}

const urls = () => ({ postgresUrl: embedded.postgresUrl ?? '', redisUrl: embedded.redisUrl ?? '' });

/** Everything that has an id, in its order, as PostgreSQL writes it. */
async function contents(app: TestApp): Promise<Record<string, string>> {
  const tables = await query<{ name: string }>(
    app,
    `select table_schema || '.' || table_name as name from information_schema.tables
     where table_schema = 'vambe_worker' and table_name <> 'migrations'
       or table_name in ('clients', 'sellers', 'meetings', 'meetings_classifications') order by 1`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await query<{ rows: string }>(
      app,
      `select coalesce(string_agg(t::text, E'\n' order by t::text), '') as rows from ${name} t`,
    );
    // JSON text comes on one line; what it means is the same.
    found[name] = row?.rows.replaceAll(/\s+/g, ' ') ?? '';
  }
  return found;
}

const count = async (app: TestApp, table: string) =>
  (await query<{ n: number }>(app, `select count(*)::int as n from ${table}`))[0]?.n;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vambe-archive-'));
  archive = join(folder, 'all.vambe');
  [embedded, namespace] = await Promise.all([
    startEmbedded({ dataDir: join(folder, 'data'), postgres: true, redis: true, broker: 'wasm' }),
    createNamespace(),
  ]);
  const database = createDatabase({ url: urls().postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
  await migrateDatabase(database, { createsApiTables: true }).finally(() => database.close());
  source = await startApp(urls());
  target = await startApp(namespace);
  const ids = await insertMeetings(source.database, [
    ...manyTranscripts(6),
    'Un salto\u2028raro, "comillas", \\ barra, emoji 😀 y\nuna línea más.',
  ]);
  const worker = await source.work();
  const done = await Promise.all(ids.map((id) => source.ask({ args: [id] })));
  for (const taskId of done) await source.rowIn(taskId, 'completed');
  const failed = await source.ask({ args: [2_000_000_000], taskId: 'a meeting that is gone' });
  await source.rowIn(failed, 'failed');
  await worker.stop();
  expect((await vambe(urls(), 'review', String(ids[0]), 'urgency=false', '--reason', 'asked them')).code).toBe(0);
  await source.ask({ args: [ids[1], true], taskId: 'still open' });
  await query(
    source,
    `update public.meetings_classifications set key_topics = E'["a",\\n "b"]'::json where meeting_id = $1`,
    [ids[2]],
  );
}, 120_000);

afterAll(async () => {
  await Promise.allSettled([source?.close(), target?.close()]);
  await Promise.allSettled([embedded?.stop(), namespace?.close()]);
  await rm(folder, { recursive: true, force: true });
});

test('nothing of a damaged or cut archive is imported, and the sentence says so (H10)', async () => {
  expect(await vambe(urls(), 'export', '--format', 'archive', '--out', archive)).toMatchObject({ code: 0 });
  const whole = await readFile(archive);
  const lines = gunzipSync(whole).toString().split('\n');
  const flipped = Buffer.from(whole);
  flipped.writeUInt8((flipped[whole.length >> 1] ?? 0) ^ 0xff, whole.length >> 1);
  const damaged = {
    'cut.vambe': whole.subarray(0, whole.length - 40),
    'flipped.vambe': flipped,
    'without-end.vambe': gzipSync(lines.slice(0, -2).join('\n')),
    'without-a-row.vambe': gzipSync([...lines.slice(0, 3), ...lines.slice(4)].join('\n')),
    'newer.vambe': gzipSync(lines.join('\n').replace('{"vambe_archive":1', '{"vambe_archive":2')),
    'newer-schema.vambe': gzipSync(lines.join('\n').replace(/"schema_version":\d+/, '"schema_version":999')),
    'other-column.vambe': gzipSync(lines.join('\n').replace('"phone"', '"telephone"')),
    'meetings.vambe': Buffer.from('Nombre,Correo\nAna,\n'),
    'empty.vambe': Buffer.alloc(0),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    await writeFile(join(folder, name), bytes);
    const { code, err } = await vambe(namespace, 'import', join(folder, name));
    expect({ name, code }).toEqual({ name, code: 2 });
    expect(err).toMatch(/^vambe: /);
    expect(err, name).not.toContain('BUG');
  }
  for (const table of ['public.clients', 'public.meetings', 'vambe_worker.jobs'])
    expect(await count(target, table)).toBe(0);
}, 90_000);

test('an archive moves ids, results, history, corrections and open jobs from embedded to real servers (H10)', async () => {
  const before = await contents(source);
  expect((await vambe(urls(), 'export', '--format', 'archive', '--out', archive)).err).toContain(
    '7 meetings written to',
  );
  const imported = await vambe(namespace, 'import', archive, '--json');
  expect(JSON.parse(imported.out)).toMatchObject({ success: true, open_jobs: 1, rows: { 'public.meetings': 7 } });
  expect(await contents(target)).toEqual(before);

  const again = await vambe(namespace, 'import', archive);
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining('holds rows already') });
  expect(await contents(target)).toEqual(before);

  await query(
    target,
    `update vambe_worker.jobs set delivered_at = now() - interval '1 minute' where task_id = 'still open'`,
  );
  const worker = await target.work({ withHousekeeping: true });
  expect(await target.rowIn('still open', 'completed')).toMatchObject({ attempt: 0 });
  const [fresh] = await insertMeetings(target.database, ['Otra reunión, después de la mudanza.']);
  await target.rowIn(await target.ask({ args: [fresh] }), 'completed');
  await worker.stop();
}, 90_000);
