/** A provider that asks to wait, refuses us or was paid enough: the queue waits for all workers, and no attempt is counted. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../../src/core/connections/database.ts';
import { pauseQueue } from '../../../src/core/queue/pauses.ts';
import { setControl } from '../../../src/models/queries/controls.ts';
import { listJobs } from '../../../src/models/queries/jobs.ts';
import { resume } from '../../../src/services/observe/pauses.ts';
import { answerByReading, type FakeLlm, refuse, stall, startFakeLlm } from '../../helpers/fake-llm.ts';
import { type LlmChoices, makeLlmClassifier, makeMemory, salesTaxonomy } from '../../helpers/llm-classifier.ts';
import { insertMeetings, manyTranscripts } from '../../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../../helpers/start-app.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const good = answerByReading(salesTaxonomy);
const queue = 'classification';

let namespace: Namespace;
let database: Database;
let fake: FakeLlm;
let opened: { stop(): Promise<void> }[] = [];
let seed = 0;

beforeAll(async () => {
  namespace = await createNamespace();
  database = createDatabase({ url: namespace.postgresUrl, poolSize: 2, prepared: false, applicationName: 'tests' });
});

beforeEach(async () => {
  fake = await startFakeLlm();
});

afterEach(async () => {
  for (const each of opened.reverse()) await each.stop();
  opened = [];
  await fake.close();
  await namespace.clear();
});

afterAll(async () => {
  await database.close();
  await namespace.close();
});

/** A worker of its own, as another process would be. */
async function startWorker(choices: LlmChoices & { workerName?: string; withHousekeeping?: boolean } = {}) {
  const classifier = makeLlmClassifier(fake.baseUrl, { memory: makeMemory(database), ...choices });
  const app = await startApp(namespace, { classifier, workerName: choices.workerName, settings: { maxRetries: 0 } });
  const worker = await app.work({ concurrency: 4, withHousekeeping: choices.withHousekeeping });
  opened.push({
    async stop() {
      await worker.stop(0);
      await app.close();
    },
  });
  return app;
}

async function askFor(app: TestApp, count: number): Promise<string[]> {
  seed += 1;
  const transcripts = manyTranscripts(count).map((each) => `${each} Serie ${seed}.`);
  const ids = await insertMeetings(database, transcripts);
  return Promise.all(ids.map((id) => app.ask({ args: [id] })));
}

const statesShown = async (app: TestApp, taskIds: readonly string[]) => {
  const { jobs } = await listJobs(app.database, { filter: {}, running: [], limit: 100 });
  return [...new Set(jobs.filter(({ task_id }) => taskIds.includes(task_id)).map(({ state }) => state))];
};
const readControls = (app: TestApp) =>
  query<{ kind: string; code: string | null; ends: boolean; reason: string }>(
    app,
    'select kind, code, until is not null as ends, reason from vambe_worker.controls where name = $1 order by kind',
    [queue],
  );
const untilHeld = (app: TestApp) =>
  waitFor('the queue to be paused', async () => (await app.queues.get(queue).isPaused()) && readControls(app));
const untilNoneRuns = (app: TestApp) =>
  waitFor('no job to be in hand', async () => (await app.queues.get(queue).getActiveCount()) === 0);
const attemptsOf = async (app: TestApp, taskIds: readonly string[]) =>
  query(app, 'select distinct attempt, error_code from vambe_worker.jobs where task_id = any($1)', [taskIds]);

describe('a provider that refuses us', () => {
  test.each([
    ['401', refuse(401, 'invalid_api_key'), 'MODEL_REFUSED_KEY'],
    ['403', refuse(403, 'forbidden'), 'MODEL_REFUSED_KEY'],
    ['404 of the model', refuse(404, 'model_not_found'), 'MODEL_REFUSED_KEY'],
    ['402', refuse(402, 'payment_required'), 'MODEL_QUOTA'],
    ['429 insufficient_quota', refuse(429, 'insufficient_quota'), 'MODEL_QUOTA'],
  ])('D3 %s pauses the queue: jobs wait, no attempt counted, one line says what to do', async (_name, answer, code) => {
    fake.otherwise(answer);
    const app = await startWorker();
    const tasks = await askFor(app, 12);
    const [control] = await untilHeld(app);
    await untilNoneRuns(app);
    expect(control).toMatchObject({ kind: 'provider', code, ends: false });
    expect(await attemptsOf(app, tasks)).toEqual([{ attempt: 0, error_code: null }]);
    expect(await statesShown(app, tasks)).toEqual(['waiting']);
    const told = app.log.named('queue.held');
    expect(told).toMatchObject([
      { level: 'warn', fields: { queue, code, reason: expect.stringMatching(/Correct|Raise|Check/) } },
    ]);
    // Those that were under way when the first one was refused.
    expect(fake.seen.length).toBeLessThanOrEqual(4);
  });

  test('D3 is looked at when a worker starts, and goes on where the key is right by now', async () => {
    fake.otherwise(refuse(401, 'invalid_api_key'));
    const first = await startWorker();
    const tasks = await askFor(first, 6);
    await untilHeld(first);
    await untilNoneRuns(first);
    fake.otherwise(good);
    const second = await startWorker({ workerName: 'worker@mended' });
    for (const task of tasks) await second.rowIn(task, 'completed');
    expect(await readControls(second)).toEqual([]);
    expect(second.log.named('queue.resumed').length).toBe(1);
  });

  test('D3 outlives an emptied Redis', async () => {
    fake.otherwise(refuse(401, 'invalid_api_key'));
    const first = await startWorker();
    const tasks = await askFor(first, 3);
    await untilHeld(first);
    await untilNoneRuns(first);
    await opened.pop()?.stop();
    const before = fake.seen.length;
    const second = await startWorker({ withHousekeeping: false });
    await second.redis.flushdb();
    const third = await startWorker({ withHousekeeping: true, workerName: 'worker@third' });
    await untilHeld(third);
    expect(await statesShown(third, tasks)).toEqual(['waiting']);
    // A look at each start, and nothing of the jobs.
    expect(fake.seen.length - before).toBeLessThanOrEqual(2);
  });

  test('D3 a pause of a person stands when the provider is well again, and a person may end a hold', async () => {
    fake.otherwise(refuse(401, 'invalid_api_key'));
    const app = await startWorker();
    const tasks = await askFor(app, 3);
    await untilHeld(app);
    await untilNoneRuns(app);
    await setControl(database, { kind: 'queue', name: queue, actor: 'cli:ana', reason: 'audit', until: null });
    await pauseQueue(app.queues, queue);
    fake.otherwise(good);
    const second = await startWorker({ workerName: 'worker@second' });
    await waitFor('the hold to end', async () => (await readControls(second)).every(({ kind }) => kind === 'queue'));
    expect(await app.queues.get(queue).isPaused()).toBe(true);
    await resume(app, { kind: 'queue', name: queue }, { actor: 'cli:ana', reason: null });
    for (const task of tasks) await second.rowIn(task, 'completed');
  });
});

describe('a provider that asks to wait', () => {
  test('D1 makes the whole queue wait, for all workers, with the time shown and no attempt counted', async () => {
    fake.otherwise(refuse(429, 'rate_limit_exceeded', { 'retry-after': '200' }));
    const [one, two] = [await startWorker(), await startWorker({ workerName: 'worker@two' })];
    const tasks = await askFor(one, 30);
    const [control] = await waitFor('the wait to be noted', async () => {
      const found = await readControls(one);
      return found.length > 0 && found;
    });
    await untilNoneRuns(one);
    expect(control).toMatchObject({ kind: 'provider', code: 'MODEL_RATE_LIMITED', ends: true });
    expect(await one.queues.get(queue).getRateLimitTtl()).toBeGreaterThan(150_000);
    expect(await statesShown(one, tasks)).toEqual(['waiting']);
    expect(await attemptsOf(one, tasks)).toEqual([{ attempt: 0, error_code: null }]);
    // Four of each worker may have been under way.
    expect(fake.seen.length).toBeLessThanOrEqual(8);
    const told = [one, two].flatMap(({ log }) => log.named('queue.held'));
    expect(told.length).toBe(1);
  });

  test('D1 is obeyed to the end: jobs go on by themselves afterwards', async () => {
    fake.script(refuse(429, 'rate_limit_exceeded', { 'retry-after': '1' }));
    fake.otherwise(good);
    const app = await startWorker();
    const tasks = await askFor(app, 8);
    for (const task of tasks) await app.rowIn(task, 'completed');
    expect(await attemptsOf(app, tasks)).toEqual([{ attempt: 0, error_code: null }]);
  });
});

test('a provider that fails without end is left alone for a while: jobs wait and no attempt is counted', async () => {
  fake.otherwise(refuse(500, 'server_error'));
  const app = await startWorker();
  const tasks = await askFor(app, 20);
  const [control] = await waitFor('the wait to be noted', async () => {
    const found = await readControls(app);
    return found.length > 0 && found;
  });
  await untilNoneRuns(app);
  expect(control).toMatchObject({ code: 'MODEL_UNREACHABLE', ends: true, reason: expect.stringContaining('in a row') });
  const failed = await query(app, `select 1 from vambe_worker.jobs where state = 'failed' and task_id = any($1)`, [
    tasks,
  ]);
  // Those whose own five calls were among the twenty.
  expect(failed.length).toBeLessThanOrEqual(4);
  expect(fake.seen.length).toBeLessThan(30);
});

test('a budget that is used up makes jobs wait, and the queue tells why; a larger one lets them go on', async () => {
  await query({ database }, 'delete from vambe_worker.llm_calls');
  fake.otherwise(good);
  const app = await startWorker({ budgetUsd: 3, maxConcurrency: 1 });
  const tasks = await askFor(app, 6);
  const [control] = await untilHeld(app);
  await untilNoneRuns(app);
  // 1.40 a call: the third one goes over it.
  expect(fake.seen.length).toBe(3);
  expect(control).toMatchObject({ code: 'MODEL_BUDGET', reason: expect.stringContaining('4.20 of 3 USD') });
  expect(app.log.named('queue.held')).toMatchObject([{ fields: { code: 'MODEL_BUDGET' } }]);
  await opened.pop()?.stop();
  const second = await startWorker({ budgetUsd: 100, workerName: 'worker@rich' });
  for (const task of tasks) await second.rowIn(task, 'completed');
});

test('abandoned calls alone use up the budget, and the queue waits (M4)', async () => {
  await query({ database }, 'delete from vambe_worker.llm_calls');
  fake.otherwise(stall);
  // Each of these calls is estimated at more than 4 USD, of which 2 are for its answer.
  const app = await startWorker({ budgetUsd: 10, maxConcurrency: 1 });
  await askFor(app, 6);
  const [control] = await untilHeld(app);
  await untilNoneRuns(app);
  expect(control).toMatchObject({ code: 'MODEL_BUDGET' });
  expect(fake.seen.length).toBeLessThanOrEqual(3);
  const calls = await query<{ outcome: string }>({ database }, 'select outcome from vambe_worker.llm_calls');
  expect(calls).toEqual(fake.seen.map(() => ({ outcome: 'abandoned' })));
});
