/** Jobs that end the process they run in: only such a job is blamed, its neighbours and whoever was there by chance are not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type SpawnedWorker, spawnWorker } from '../helpers/spawn-worker.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';
import { makeTaskFolder } from '../helpers/task-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Each start of `handle` leaves a line in `starts`. A child process of a worker has a channel to it, the worker has none. */
const handleTask = `import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const end = {
  abort: () => process.abort(),
  killBoth: () => { if (process.send) process.kill(process.ppid, 'SIGKILL'); process.kill(process.pid, 'SIGKILL'); },
};
export default ({ defineTask, z, complete }) => defineTask({ name: 'handle',
  parameters: z.object({ what: z.string(), ms: z.number().default(300), ends: z.string().nullish() }),
  async run({ what, ms, ends }, { signal }) {
    appendFileSync(new URL('starts', import.meta.url), what + (process.send ? ' alone' : '') + '\\n');
    if (ends) end[ends]();
    await sleep(ms, undefined, { signal });
    return complete({ what });
  } });`;

let namespace: Namespace;
let app: TestApp;
let folder: string;
/** Workers that died, beside the child processes of theirs. */
let deaths: number;

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(async () => {
  folder = await makeTaskFolder({ 'handle.mjs': handleTask });
  app = await startApp(namespace, { taskFolders: [folder] });
  deaths = 0;
});
afterEach(async () => {
  await app.close();
  await namespace.clear();
});
afterAll(() => namespace?.close());

/** What a supervisor does, and one thing more: the locks of a dead worker run out at once, not after 25 s. */
async function superviseWorker(): Promise<{ current(): SpawnedWorker; stop(): Promise<void> }> {
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  const start = async () => {
    const worker = spawnWorker({ ...namespace, args: ['--tasks', folder, '--concurrency', '10'] });
    void worker.exited.then(async () => {
      if (isOver) return;
      deaths += 1;
      await letLocksExpire();
      current = await start();
    });
    return worker;
  };
  let current = await start();
  await current.logged('worker.ready');
  return {
    current: () => current,
    async stop() {
      isOver = true;
      current.kill('SIGTERM');
      expect(await current.exited).toBe(0);
    },
  };
}

async function letLocksExpire(): Promise<void> {
  const keys = await app.redis.keys('vambe:*:lock');
  if (keys.length > 0) await app.redis.del(...keys);
}

/** Jobs that take 0.3 s, and in their middle the one of which `poison` tells. */
async function askAmong(neighbours: number, poison: { ends: string }): Promise<{ poison: string; all: string[] }> {
  const middle = Math.floor(neighbours / 2);
  const { accepted } = await app.enqueuer.enqueue(
    Array.from({ length: neighbours + 1 }, (_each, n) => ({
      task: 'handle',
      kwargs: n === middle ? { what: 'poison', ...poison } : { what: `healthy ${n}` },
      origin: 'tests',
    })),
  );
  const all = accepted.map(({ taskId }) => taskId);
  return { poison: all[middle] ?? '', all };
}

const starts = async () => (await readFile(join(folder, 'starts'), 'utf8').catch(() => '')).split('\n');
const hasStarted = (line: string) => waitFor(`"${line}" to start`, async () => (await starts()).includes(line), 60_000);

async function untilEnded(taskIds: readonly string[]): Promise<Record<string, number>> {
  return waitFor(
    `${taskIds.length} jobs to end`,
    async () => {
      const rows = await query<{ state: string; jobs: number }>(
        app,
        `select state, count(*)::int as jobs from vambe_worker.jobs where task_id = any($1) group by state`,
        [taskIds],
      );
      const isOver = rows.every(({ state }) => state === 'completed' || state === 'failed');
      return isOver && Object.fromEntries(rows.map(({ state, jobs }) => [state, jobs]));
    },
    90_000,
  );
}

test('one job of 50 that aborts its process: 49 are done, it alone is set aside, and two processes died of it (A7)', {
  timeout: 240_000,
}, async () => {
  const worker = await superviseWorker();
  const { poison, all } = await askAmong(49, { ends: 'abort' });
  expect(await untilEnded(all)).toEqual({ completed: 49, failed: 1 });
  expect(await app.rowIn(poison, 'failed')).toMatchObject({ error_code: 'JOB_POISONED', attempt: 1 });
  expect((await starts()).filter((line) => line.startsWith('poison'))).toEqual(['poison', 'poison alone']);
  expect(deaths).toBe(1);
  await worker.stop();
});

test('a job that takes its worker and its own process down together is set aside at the third time (A7)', {
  timeout: 240_000,
}, async () => {
  const worker = await superviseWorker();
  const { poison, all } = await askAmong(19, { ends: 'killBoth' });
  expect(await untilEnded(all)).toEqual({ completed: 19, failed: 1 });
  expect(await app.rowIn(poison, 'failed')).toMatchObject({ error_code: 'JOB_POISONED' });
  expect((await starts()).filter((line) => line.startsWith('poison'))).toEqual([
    'poison',
    'poison alone',
    'poison alone',
  ]);
  expect(deaths).toBe(3);
  await worker.stop();
});

test('a suspect stays one when Redis was emptied, and one that only takes long is done, no attempt counted (A7)', {
  timeout: 240_000,
}, async () => {
  const worker = await superviseWorker();
  const suspect = await app.ask({ task: 'handle', kwargs: { what: 'long', ms: 14_000 } });
  await hasStarted('long');
  worker.current().kill('SIGKILL');
  await hasStarted('long alone');
  worker.current().kill('SIGKILL');
  // Redis knows of no stall any more, the row does.
  await app.redis.flushdb();
  await waitFor(
    'a third start',
    async () => (await starts()).filter((line) => line === 'long alone').length === 2,
    90_000,
  );
  expect(await app.rowIn(suspect, 'completed', 'failed')).toMatchObject({ state: 'completed', attempt: 0 });
  expect((await starts()).filter((line) => line.startsWith('long'))).toEqual(['long', 'long alone', 'long alone']);
  await worker.stop();
});
