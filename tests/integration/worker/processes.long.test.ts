/** `vambe worker --processes N`: one that is killed or blocked is replaced, the others go on, and all drain on a signal. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createControlClient } from '../../../src/celery/control/control-client.ts';
import { databaseNumberOf } from '../../../src/celery/protocol/control-wire.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { type SpawnedWorker, spawnWorker } from '../../helpers/spawn-worker.ts';
import { readJob, startApp, type TestApp, untilItRuns } from '../../helpers/start-app.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const tasks = `
export default ({ defineTask, z, complete }) => [
  defineTask({ name: 'whoami', parameters: z.object({ ms: z.number().default(0) }), async run({ ms }) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return complete({ pid: process.pid });
  } }),
  defineTask({ name: 'spin', parameters: z.object({}), run() { for (;;); } }),
];`;

let namespace: Namespace;
let app: TestApp;
let folder: string;

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(async () => {
  folder = await makeTaskFolder({ 'tasks.mjs': tasks });
  app = await startApp(namespace, { taskFolders: [folder] });
});
afterEach(async () => {
  await app.close();
  await namespace.clear();
});
afterAll(() => namespace?.close());

async function startTwo(environment: Record<string, string> = {}): Promise<SpawnedWorker> {
  const args = ['--processes', '2', '--concurrency', '1', '--tasks', folder];
  const worker = spawnWorker({ ...namespace, args, environment });
  await areReady(worker, 2);
  return worker;
}

const named = (worker: SpawnedWorker, event: string) => worker.events.filter((each) => each.event === event);
const areReady = (worker: SpawnedWorker, count: number) =>
  waitFor(`${count} processes to be ready`, () => named(worker, 'worker.ready').length >= count, 90_000);

/** The processes that answer, until there are two. */
async function findBoth(): Promise<[number, number]> {
  const found = new Set<number>();
  await waitFor(
    'two processes to answer',
    async () => {
      const ids = await Promise.all([0, 1, 2, 3].map(() => app.ask({ task: 'whoami', args: [100] })));
      for (const id of ids) found.add(((await app.rowIn(id, 'completed')).result as { pid: number }).pid);
      return found.size === 2;
    },
    60_000,
  );
  const [first = 0, second = 0] = found;
  return [first, second];
}

test('of two processes one that is killed is replaced, the other goes on, and both drain on SIGTERM', {
  timeout: 180_000,
}, async () => {
  const worker = await startTwo();
  const [killed, other] = await findBoth();
  process.kill(killed, 'SIGKILL');
  expect(await worker.logged('worker.process_ended')).toMatchObject({ pid: killed, signal: 'SIGKILL' });
  await areReady(worker, 3);
  const both = await findBoth();
  expect(both).toContain(other);
  expect(both).not.toContain(killed);

  const running = await Promise.all([0, 1].map(() => app.ask({ task: 'whoami', args: [2_000] })));
  for (const id of running) await untilItRuns(app, id);
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
  for (const id of running) expect(await readJob(app, id)).toMatchObject({ state: 'completed', attempt: 0 });
  expect(named(worker, 'worker.stopped')).toHaveLength(2);
});

test('remote control stops two processes in order: the idle one leaves, the other finishes what it runs', {
  timeout: 180_000,
}, async () => {
  const worker = await startTwo();
  const running = await app.ask({ task: 'whoami', args: [3_000] });
  await untilItRuns(app, running);
  const control = createControlClient({
    redis: app.redis,
    database: databaseNumberOf(namespace.redisUrl),
    clock: systemClock,
  });
  expect(await control.tell('shutdown', {})).toBe(2);
  expect(await worker.exited).toBe(0);
  expect(await readJob(app, running)).toMatchObject({ state: 'completed', attempt: 0 });
  expect(named(worker, 'worker.stopped')).toHaveLength(2);
});

test('a process whose event loop is blocked for TASK_TIMEOUT is ended and replaced, and the job that did it is set aside', {
  timeout: 180_000,
}, async () => {
  const worker = await startTwo({ TASK_TIMEOUT: '4' });
  const spinning = await app.ask({ task: 'spin' });
  expect(await worker.logged('worker.blocked', 60_000)).toMatchObject({
    level: 'error',
    blocked_s: expect.any(Number),
  });
  expect(await worker.logged('worker.process_ended')).toMatchObject({ signal: 'SIGKILL' });
  // As 25 s later.
  const row = await readJob(app, spinning);
  await app.redis.del(`vambe:default:j${row?.id}-${row?.delivery}:lock`);
  const ended = await waitFor(
    'it to end',
    async () => {
      const now = await readJob(app, spinning);
      return now?.state === 'failed' && now;
    },
    90_000,
  );
  expect(ended).toMatchObject({ error_code: 'JOB_POISONED' });
  // The one that was blocked, and the process in which the job ran alone.
  expect(named(worker, 'worker.blocked')).toHaveLength(2);
  expect(named(worker, 'worker.process_ended')).toHaveLength(1);
  await findBoth();
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
});

test('processes whose supervisor is killed finish what they run and leave', { timeout: 180_000 }, async () => {
  const worker = await startTwo();
  const both = await findBoth();
  worker.kill('SIGKILL');
  await waitFor('both to be gone', () => both.every((pid) => !isAlive(pid)), 40_000);
  expect(both.map(isAlive)).toEqual([false, false]);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
