/** `vambe shadow` beside a worker that saves rows as the Python worker does, on a database that only the API's migrations made. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandModule } from '../../src/cli/kit/cli.ts';
import { run } from '../../src/cli/kit/program.ts';
import { createDatabase, type Database, sqlState } from '../../src/core/connections/database.ts';
import { createRedis } from '../../src/core/connections/redis.ts';
import { saveCorrections } from '../../src/models/queries/reviews.ts';
import { findSavedVersions } from '../../src/models/queries/saved-rows.ts';
import { migrateDatabase } from '../../src/models/schema-check.ts';
import { createSavedWatch } from '../../src/services/evaluation/saved-watch.ts';
import { apiRows, apiSchema } from '../helpers/api-database.ts';
import { answerByReading, startFakeLlm } from '../helpers/fake-llm.ts';
import { salesTaxonomy } from '../helpers/llm-classifier.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { startApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { makeIo } from '../unit/cli/fake-io.ts';

const commands = [{ name: 'shadow', load: (): Promise<CommandModule> => import('../../src/cli/commands/shadow.ts') }];

let namespace: Namespace;
let database: Database;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vambe-shadow-'));
  namespace = await createNamespace({ migrated: false });
  database = createDatabase({ url: namespace.postgresUrl, poolSize: 2, prepared: false, applicationName: 'tests' });
  await sql(`${apiSchema}${apiRows}`);
});
afterEach(async () => {
  await database.close();
  await namespace.close();
  await rm(folder, { recursive: true, force: true });
});

const sql = <Row>(text: string) => database.run<Row>({ name: '', text }, []);

function vambe(args: readonly string[], environment: Record<string, string> = {}) {
  const { io, stdout, stderr, signals } = makeIo({
    environment: { DATABASE_URL: namespace.postgresUrl, CLASSIFIER: 'offline', ...environment },
  });
  const ended = run(['shadow', ...args], { commands, version: '1.2.3', io });
  return { ended, signals, out: () => stdout.text(), err: () => stderr.text() };
}

/** As SQLAlchemy does: a row for the meeting, made or replaced, inside a savepoint. */
const save = (meetingId: number, sector: string, language: string) => `
begin; savepoint s;
insert into meetings_classifications (meeting_id, business_sector, language, urgency, sentiment, model_used, processing_time_ms)
values (${meetingId}, '${sector}', '${language}', true, 'neutral', 'gpt-4o-mini', 1200)
on conflict (meeting_id) do update set business_sector = excluded.business_sector, language = excluded.language,
  urgency = excluded.urgency, processing_time_ms = 1200, processed_at = now(), updated_at = now();
release s; commit`;

/** Everything in both servers. A sequence, a time of use or a setting would show as well. */
async function everything(...options: readonly string[]) {
  const args = ['--dbname', namespace.postgresUrl, ...options];
  const { stdout } = await promisify(execFile)('pg_dump', args, { maxBuffer: 1e9 });
  const redis = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'commands' });
  try {
    const keys = (await redis.keys('*')).sort();
    const dumps = await Promise.all(keys.map((key) => redis.dump(key)));
    return { dump: stdout.replace(/^\\(un)?restrict .*$/gm, ''), keys, dumps: dumps.map(String) };
  } finally {
    redis.disconnect();
  }
}

interface Found {
  readonly field: string;
  readonly examples: readonly unknown[];
}

test('reports which rows are the same and which differ, while nothing changes in PostgreSQL or Redis', async () => {
  const redis = createRedis({ url: namespace.redisUrl, name: 'tests', use: 'commands' });
  await redis.lpush('celery', '{"body": "a message"}');
  redis.disconnect();
  const html = join(folder, 'shadow.html');
  const saved = '--exclude-table-data=meetings_classifications*';
  const before = await everything(saved);
  const shadow = vambe(['--limit', '2', '--html', html, '--json'], { REDIS_URL: namespace.redisUrl });
  await connected('vambe shadow');
  await sql(save(1, 'retail', 'es'));
  await sql(save(2, 'construction', 'es'));
  expect(await shadow.ended).toBe(0);
  expect(await everything(saved)).toEqual(before);

  const document = JSON.parse(shadow.out());
  expect(document).toMatchObject({ success: true, classifier: 'offline', rows: 2, cost: null, failed: [] });
  expect(document.same + document.different).toBe(2);
  expect(document.saved_by).toEqual([{ model: 'gpt-4o-mini', rows: 2, name_may_be_cut: false, mean_ms: 1200 }]);
  const byName = new Map(document.fields.map((each: Found) => [each.field, each]));
  expect(byName.get('language')).toMatchObject({ unchanged: 2, agreement: 1, examples: [] });
  expect(byName.get('business_sector')).toMatchObject({
    ...{ unchanged: 1, replaced: 1, agreement: 0.5 },
    examples: [{ meeting_id: 1, before: 'retail', after: 'healthcare' }],
  });
  expect(await readFile(html, 'utf8')).toContain('<svg');

  const whole = await everything();
  const again = vambe(['--since', '1h', '--json'], { REDIS_URL: namespace.redisUrl });
  expect(await again.ended).toBe(0);
  expect(JSON.parse(again.out())).toMatchObject({ rows: 2, same: document.same });
  expect(await everything()).toEqual(whole);
});

test('looks back with --since, ends by itself, and leaves out what this worker saved', async () => {
  const worker = await startApp(await migrated());
  try {
    const running = await worker.work();
    await worker.rowIn(await worker.ask({ args: [1] }), 'completed');
    await running.stop();
  } finally {
    await worker.close();
  }
  const shadow = vambe(['--since', '1h']);
  expect(await shadow.ended).toBe(0);
  expect(shadow.out()).toContain('1 saved rows compared');
  expect(shadow.out()).toContain('2\tbusiness_sector\tmanual review needed\tconstruction');
  await sql(save(1, 'retail', 'es'));
  const again = vambe(['--since', '1h', '--json'], { POSTGRES_PREPARED: 'off' });
  expect(await again.ended).toBe(0);
  expect(JSON.parse(again.out())).toMatchObject({ rows: 2 });
});

test('takes no correction of a person for the answer of the other worker', async () => {
  await migrated();
  await sql(save(1, 'retail', 'es'));
  const values = { business_sector: 'mining' };
  await saveCorrections(database, { meetingId: 1, values, reviewer: 'Ana', reason: null });
  const shadow = vambe(['--since', '1h', '--json']);
  expect(await shadow.ended).toBe(0);
  expect(JSON.parse(shadow.out())).toMatchObject({ rows: 1 });
  expect(shadow.out()).not.toContain('mining');
});

test('asks a model about the same rows where --yes allows it, tells its cost, and keeps no reply', async () => {
  const llm = await startFakeLlm();
  try {
    llm.otherwise(answerByReading(salesTaxonomy));
    await migrated();
    await sql(save(2, 'construction', 'es'));
    const before = await everything();
    const settings = {
      CLASSIFIER: 'llm',
      LLM_PROVIDER: 'compatible',
      LLM_BASE_URL: llm.baseUrl,
      LLM_MODEL: 'gpt-4o-mini',
    };
    const shadow = vambe(['--since', '1h', '--yes', '--json'], settings);
    expect(await shadow.ended).toBe(0);
    const document = JSON.parse(shadow.out());
    expect(document).toMatchObject({ classifier: 'llm', model: 'gpt-4o-mini', failed: [] });
    expect(document.rows).toBe(llm.seen.length);
    expect(document.cost.input_tokens).toBeGreaterThan(0);
    expect(await everything()).toEqual(before);
  } finally {
    await llm.close();
  }
});

test('tells of no row by its exit code, reports when it is interrupted, and needs a database and a word for cost', async () => {
  const none = vambe(['--since', '2100-01-01']);
  expect(await none.ended).toBe(3);
  const stopped = vambe(['--json']);
  await connected('vambe shadow');
  stopped.signals.emit('SIGINT', 'SIGINT');
  expect(await stopped.ended).toBe(130);
  expect(JSON.parse(stopped.out())).toMatchObject({ rows: 0 });
  expect(await vambe([], { DATABASE_URL: '' }).ended).toBe(2);
  const paid = vambe(['--since', '1h'], { CLASSIFIER: 'llm', OPENAI_API_KEY: 'sk-none' });
  expect(await paid.ended).toBe(2);
  expect(paid.err()).toContain('--yes');
});

test('misses no row that is committed late, from a savepoint, or stamped by a clock that is behind', async () => {
  const watch = createSavedWatch((from) => findSavedVersions(database, from), { since: null });
  const late = createDatabase({ url: namespace.postgresUrl, poolSize: 1, prepared: false, applicationName: 'late' });
  try {
    await late.withClient(async (client) => {
      await client.query('begin; savepoint s');
      await client.query(
        `update meetings_classifications set urgency = true, processed_at = '2020-01-01', updated_at = '2020-01-01'`,
      );
      expect(await watch.look()).toEqual([]);
      await sql(save(1, 'retail', 'es'));
      expect((await watch.look()).map(({ meeting_id }) => meeting_id)).toEqual([1]);
      expect(await watch.look()).toEqual([]);
      await client.query('release s; commit');
    });
    expect((await watch.look()).map(({ meeting_id }) => meeting_id)).toEqual([2]);
    expect(await watch.look()).toEqual([]);
  } finally {
    await late.close();
  }
});

test.each([true, false])('opens the database so that nothing can be written (prepared: %s)', async (prepared) => {
  const options = { url: namespace.postgresUrl, poolSize: 1, prepared, applicationName: 'tests' };
  const reader = createDatabase({ ...options, readOnly: true });
  try {
    const text = "update meetings set transcript = 'x' returning id";
    const failure = await reader.run({ name: 'x', text }, []).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'DATABASE_READ_ONLY' });
    expect(sqlState(failure)).not.toBeUndefined();
  } finally {
    await reader.close();
  }
});

async function migrated(): Promise<Namespace> {
  await migrateDatabase(database, { createsApiTables: true });
  return namespace;
}

/** Its first look is over when its connection rests. */
async function connected(name: string): Promise<void> {
  await waitFor('the shadow', async () => {
    const rows = await sql<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where application_name = '${name}' and state = 'idle' and query like '%txid_snapshot%'`,
    );
    return (rows[0]?.n ?? 0) > 0;
  });
}
