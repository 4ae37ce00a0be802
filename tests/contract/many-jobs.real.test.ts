/**
 * What people ask of a long history is answered through indexes: EXPLAIN of every list shows no scan of all jobs or runs.
 * TEST_FULL=1: with a million jobs, which takes minutes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/core/connections/database.ts';
import { filterStates, parseJobFilter } from '../../src/models/job-filter.ts';
import { createJobLedger } from '../../src/models/queries/job-ledger.ts';
import { countJobs, findJob, listJobs, readJobCalls } from '../../src/models/queries/jobs.ts';
import { readSpentToday } from '../../src/models/queries/llm-replies.ts';
import { countSelection, listJobsWhere, listSelection, readQueueRows } from '../../src/models/queries/operations.ts';
import { countOpenClassifications, summarise } from '../../src/models/queries/overview.ts';
import {
  deleteEndedJobs,
  deleteOldForcedReplies,
  deleteOldModelCalls,
  listUnclassified,
} from '../../src/models/queries/upkeep.ts';
import { insertMeetings, manyTranscripts } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';

const endedJobs = process.env.TEST_FULL === '1' ? 1_000_000 : 100_000;
const openJobs = 200;

let namespace: Namespace;
let app: TestApp;

/** Ended jobs of the last 60 days, one in a hundred in trouble, one in a thousand of a rare task; then the open ones. */
const fill = `
insert into vambe_worker.jobs (task_id, task, queue, parameters, meeting_id, origin, state, error_code, worker, accepted_at, delivered_at, started_at, finished_at)
select 'job ' || n, case when n % 1000 = 7 and n < $1 / 2 then 'health_check' else 'classify_meeting' end, 'classification', '{}', n % 20000 + 1, 'sweep',
  case n % 100 when 3 then 'failed' when 4 then 'cancelled' else 'completed' end, case n % 100 when 3 then 'TASK_TIMEOUT' end, 'worker@tests',
  at, at, at, at
from generate_series($2::int + 1, least($1::int, $2 + 50000)) n, lateral (select now() - ($1 - n) * (interval '60 days' / $1) as at) a`;
const fillOpen = `
insert into vambe_worker.jobs (task_id, task, queue, meeting_id, origin, state)
select 'open ' || n, 'classify_meeting', 'classification', n, 'cli', case n % 2 when 0 then 'queued' else 'retrying' end from generate_series(1, $1::int) n`;
const fillRuns = `
insert into vambe_worker.runs (meeting_id, job_id, classifier, model, taxonomy_version, input_hash, fields, started_at, duration_ms)
select n % 20000 + 1, n, 'offline', 'offline-1', 't', 'h', '{}', now() - ($1 - n) * (interval '60 days' / $1), 1 from generate_series(1, $1::int / 10) n`;
const fillCalls = `
insert into vambe_worker.llm_calls (at, meeting_id, model, outcome, cost_usd, latency_ms)
select now() - ($1 - n) * (interval '60 days' / $1), n, 'm', 'whole', 0.001, 800 from generate_series(1, $1::int) n`;
/** One in fifty was forced. */
const fillReplies = `
insert into vambe_worker.llm_replies (key, meeting_id, model, reply, created_at)
select 'hash ' || n || case when n % 50 = 0 then ':' || n else '' end, n % 20000 + 1, 'm', '{}', now() - ($1 - n) * (interval '60 days' / $1)
from generate_series(1, $1::int) n`;

beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace);
  await insertMeetings(app.database, manyTranscripts(50));
  // By parts, as a statement may take 15 s.
  for (let done = 0; done < endedJobs; done += 50_000) await query(app, fill, [endedJobs, done]);
  await query(app, fillOpen, [openJobs]);
  await query(app, fillRuns, [Math.min(endedJobs, 100_000)]);
  for (const each of [fillCalls, fillReplies]) await query(app, each, [50_000]);
  for (const table of longTables) await query(app, `vacuum analyze vambe_worker.${table}`);
}, 600_000);

afterAll(async () => {
  await app?.close();
  await namespace?.close();
});

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly Node[];
}

/** Plans of the statements that `ask` runs, which are run too. */
async function plansOf(ask: (database: Database) => Promise<unknown>): Promise<Node[]> {
  const plans: Node[] = [];
  await ask({
    ...app.database,
    async run(statement, values) {
      // In a transaction that is taken back: what is explained with its buffers is also done.
      const plan = await app.database.withClient(async (client) => {
        await client.query('begin');
        const { rows } = await client.query(`explain (analyze, buffers, format json) ${statement.text}`, [...values]);
        await client.query('rollback');
        return rows[0]?.['QUERY PLAN'][0].Plan as Node;
      });
      plans.push(plan);
      return app.database.run(statement, values);
    },
  });
  expect(plans.length).toBeGreaterThan(0);
  return plans;
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

const longTables = ['jobs', 'runs', 'llm_calls', 'llm_replies'];
const wholeScans = (plans: readonly Node[]) =>
  plans
    .flatMap(nodesOf)
    .filter((node) => node['Node Type'].endsWith('Seq Scan') && longTables.includes(node['Relation Name'] ?? ''))
    .map((node) => `${node['Node Type']} on ${node['Relation Name']}`);
const blocksOf = (plans: readonly Node[]) =>
  plans.reduce((sum, plan) => sum + (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0), 0);

const running = ['job 5', 'open 3'];
const limit = 50;
const list = (filter: Parameters<typeof listJobs>[1]['filter']) => (database: Database) =>
  listJobs(database, { filter, running, limit });
const where = (text: string) => (database: Database) =>
  listJobsWhere(database, { terms: parseJobFilter(text, Date.now()), running, limit });
const ledgerOn = (database: Database) => createJobLedger(database);

/** `blocks`: pages of 8 KiB that the answer may cost, however long the history is. */
const questions: readonly { name: string; blocks?: number; ask: (database: Database) => Promise<unknown> }[] = [
  { name: 'jobs', blocks: 700, ask: list({}) },
  ...filterStates.map((state) => ({ name: `jobs --state ${state}`, blocks: 1_500, ask: list({ state }) })),
  { name: 'jobs --task of a common task', blocks: 700, ask: list({ task: 'classify_meeting' }) },
  { name: 'jobs --task of a rare task', blocks: 700, ask: list({ task: 'health_check' }) },
  { name: 'jobs --meeting', blocks: 700, ask: list({ meetingId: 77 }) },
  { name: 'jobs --filter state=failed,cancelled', blocks: 1_500, ask: where('state=failed,cancelled') },
  { name: 'jobs --filter task=health_check', blocks: 700, ask: where('task=health_check') },
  { name: 'jobs --filter meeting=7,8', blocks: 700, ask: where('meeting=7,8') },
  { name: 'jobs --filter id=…', blocks: 700, ask: where('id="job 17","open 4"') },
  { name: 'jobs --filter state=failed error=…', blocks: 1_500, ask: where('state=failed error=TASK_TIMEOUT') },
  { name: 'jobs --filter queue=… accepted>=…', ask: where('queue=classification accepted>=2d') },
  { name: 'jobs --filter origin=… finished<…', ask: where('origin=sweep finished<30d') },
  { name: 'jobs --filter worker!=… state!=completed', ask: where('worker!=nobody state!=completed') },
  { name: 'jobs ID', blocks: 100, ask: (database) => findJob(database, { taskId: 'job 9', running }) },
  { name: 'calls', blocks: 100, ask: (database) => readJobCalls(database, { taskIds: running, rowIds: ['4', '5'] }) },
  { name: 'status', ask: countJobs },
  { name: 'queues', ask: (database) => readQueueRows(database, running) },
  {
    name: 'retry --filter, counted',
    ask: (database) =>
      countSelection(database, { terms: parseJobFilter('error=TASK_TIMEOUT', 0), running, eligible: 'retriable' }),
  },
  {
    name: 'cancel --filter, a page',
    blocks: 1_500,
    ask: (database) =>
      listSelection(
        database,
        { terms: parseJobFilter('task=classify_meeting', 0), running, eligible: 'open' },
        { afterRowId: '0', lastRowId: '9000000', limit: 1_000 },
      ),
  },
  {
    name: 'sweep, a page of stale rows',
    blocks: 1_500,
    ask: (database) => ledgerOn(database).listOpen({ afterRowId: '0', limit: 1_000, olderThanMs: 25_000 }),
  },
  {
    name: 'sweep, a page of all open rows',
    blocks: 1_500,
    ask: (database) => ledgerOn(database).listOpen({ afterRowId: '0', limit: 1_000, olderThanMs: null }),
  },
  {
    name: 'recovery of results, its look',
    blocks: 20_000,
    ask: (database) => ledgerOn(database).listEnded({ minMs: 5_000, maxMs: 900_000, limit: 2_000 }),
  },
  { name: 'sweep_unclassified, a page', ask: (database) => listUnclassified(database, { afterId: 0, limit: 1_000 }) },
  { name: 'up, its open jobs', blocks: 1_500, ask: countOpenClassifications },
  { name: 'up, its summary', ask: summarise },
  { name: 'purge_expired, a page', ask: (database) => deleteEndedJobs(database, { olderThanDays: 59, limit: 1_000 }) },
  {
    name: 'purge_expired, a page of model calls',
    blocks: 3_500,
    ask: (database) => deleteOldModelCalls(database, { olderThanDays: 59, limit: 1_000 }),
  },
  {
    name: 'purge_expired, a page of replies',
    blocks: 3_500,
    ask: (database) => deleteOldForcedReplies(database, { olderThanDays: 59, limit: 1_000 }),
  },
  { name: 'budget, spent today', blocks: 700, ask: readSpentToday },
];

test.each(questions)('$name is answered through an index', async ({ ask, blocks }) => {
  const plans = await plansOf(ask);
  expect(wholeScans(plans), JSON.stringify(plans)).toEqual([]);
  if (blocks !== undefined) expect(blocksOf(plans)).toBeLessThan(blocks);
});
