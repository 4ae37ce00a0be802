/** Tasks of a user's own folder, as the recipe docs/recipes/own-tasks.md describes them, run by a worker. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { encodeTaskMessage } from '../../../src/celery/protocol/encode-task-message.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, readDocument, startApp, type TestApp, type WorkOptions } from '../../helpers/start-app.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let namespace: Namespace;
let stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(() => {
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  await namespace.clear();
});
afterAll(() => namespace?.close());

/** A worker with one task file, whose text is given. */
async function startWith(task: string, options: WorkOptions = {}): Promise<TestApp> {
  const folder = await makeTaskFolder({
    'own.mjs': `export default (kit) => { const { z, complete } = kit; return kit.defineTask(${task}); }`,
  });
  const app = await startApp(namespace, { taskFolders: [folder], settings: { retryDelaySeconds: 600 } });
  stops.push(() => query(app, 'truncate vambe_worker.jobs').then(() => app.close()));
  const worker = await app.work(options);
  stops.push(() => worker.stop());
  return app;
}

it.each([
  ["fail(new Error('no such currency'))", "kit.fail(new Error('no such currency'))", 'failed'],
  ["fail('a text')", "kit.fail('no such currency')", 'failed'],
  ["retry(new Error('…'))", "kit.retry(new Error('no such currency'))", 'retrying'],
])('%s is recorded with TASK_FAILED and its message, and published at once (O14)', async (_name, returned, state) => {
  const app = await startWith(`{ name: 'own', maxRetries: 1, parameters: z.object({}), run: () => ${returned} }`);
  const taskId = await app.ask({ task: 'own' });
  const row = await app.rowIn(taskId, state);
  expect(row.error_code).toBe('TASK_FAILED');
  expect(row.attempts).toMatchObject([{ code: 'TASK_FAILED', message: 'no such currency' }]);
  const document = await waitFor('its result document', () => readDocument(app, `celery-task-meta-${taskId}`));
  expect(document).toMatchObject({ status: state === 'failed' ? 'FAILURE' : 'RETRY' });
});

it('an error with a name reaches Celery clients as that exception (O14)', async () => {
  const app = await startWith(
    `{ name: 'own', parameters: z.object({}), run: () => kit.fail(kit.namedError('KeyError', 'no such currency', { args: ['CLX'] })) }`,
  );
  const taskId = await app.ask({ task: 'own' });
  await app.rowIn(taskId, 'failed');
  const document = await waitFor('its result document', () => readDocument(app, `celery-task-meta-${taskId}`));
  expect(document?.result).toEqual({ exc_type: 'KeyError', exc_message: ['CLX'], exc_module: 'builtins' });
});

it.each([
  ['the delay of the outcome', 'retryDelayMs: 600_000,', 'kit.retry("not yet", { delayMs: 1 })'],
  ['the delay of the task', 'retryDelayMs: 1,', 'kit.retry("not yet")'],
])('a further attempt comes after %s, in the row and in the queue (O14)', async (_name, setting, returned) => {
  const app = await startWith(
    `{ name: 'own', maxRetries: 1, ${setting} parameters: z.object({}), run: (_parameters, { attempt }) => attempt === 1 ? ${returned} : complete(attempt) }`,
  );
  const row = await app.rowIn(await app.ask({ task: 'own' }), 'completed');
  expect(row).toMatchObject({ result: 2, attempts: [{ code: 'TASK_FAILED', message: 'not yet' }] });
});

it('a schedule of its own runs it (O14)', async () => {
  const app = await startWith(
    `{ name: 'own', schedule: { everyMs: 1_000 }, parameters: z.object({ at: z.string().default('a default') }), run: ({ at }) => complete(at) }`,
    { withHousekeeping: true },
  );
  expect(app.schedules).toContainEqual({ name: 'own', task: 'own', queue: 'default', everyMs: 1_000 });
  const row = await waitFor('a scheduled run', async () => {
    const text = "select result, origin from vambe_worker.jobs where task = 'own' and state = 'completed'";
    return (await query(app, text))[0];
  });
  expect(row).toEqual({ result: 'a default', origin: 'schedule' });
});

it('a Celery message gives it further positional arguments, the ids of its canvas and its own headers (O14)', async () => {
  const app = await startWith(
    `{ name: 'own', restParameter: 'rest', parameters: z.object({ first: z.int(), rest: z.array(z.int()) }), run: (parameters, { job }) => complete({ ...parameters, root: job.terms.rootId, parent: job.terms.parentId, headers: job.terms.headers }) }`,
    { lists: ['celery'] },
  );
  const [id, rootId, parentId] = [randomUUID(), randomUUID(), randomUUID()];
  const task = { id, task: 'own', args: [1, 2, 3], kwargs: {}, queue: 'celery', origin: '1@tests', rootId, parentId };
  const { key, raw } = encodeTaskMessage({ ...task, headers: { tenant: 'acme' } });
  await app.broker.lpush(key, raw);
  const row = await app.rowIn(id, 'completed');
  expect(row.result).toEqual({ first: 1, rest: [2, 3], root: rootId, parent: parentId, headers: { tenant: 'acme' } });
});
