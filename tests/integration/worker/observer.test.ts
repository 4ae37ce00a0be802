/** A second listener beside the product's own: one line of wiring, every transition once, no job notices. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Transition } from '../../../src/core/lifecycle.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';
import { query, startApp } from '../../helpers/start-app.ts';
import { makeTaskFolder } from '../../helpers/task-folder.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const jobs = 100;
const tasks = `
export default ({ defineTask, z, complete, fail }) => [
  defineTask({ name: 'works', parameters: z.object({}), run: () => complete('done') }),
  defineTask({ name: 'breaks', parameters: z.object({}), run: () => fail(new Error('broken')) }),
];`;

let namespace: Namespace;

beforeAll(async () => {
  namespace = await createNamespace();
});
afterAll(() => namespace?.close());

/** 50 jobs that succeed and 50 that fail, all ended; their transitions by task id as this observer heard them. */
async function runJobs(observer: (transition: Transition) => unknown) {
  const app = await startApp(namespace, { taskFolders: [await makeTaskFolder({ 'tasks.mjs': tasks })] });
  app.lifecycle.observe(observer);
  const worker = await app.work();
  onTestFinished(async () => {
    await worker.stop();
    await query(app, 'truncate vambe_worker.jobs');
    await app.close();
    await namespace.clear();
  });
  await app.enqueuer.enqueue(
    Array.from({ length: jobs }, (_, index) => ({ task: index % 2 ? 'works' : 'breaks', origin: 'tests' })),
  );
  return waitFor('all jobs to end', async () => {
    const text = `select task_id, state from vambe_worker.jobs where state in ('completed', 'failed')`;
    const rows = await query<{ task_id: string; state: string }>(app, text);
    return rows.length === jobs ? rows : undefined;
  });
}

it('that appends each transition to a file sees every transition of 100 jobs once, in order', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vambe-observer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'transitions.txt');
  let written = Promise.resolve();
  const rows = await runJobs(({ kind, job }) => {
    written = written.then(() => appendFile(file, `${job.taskId} ${kind}\n`));
  });
  const lines = await waitFor('the last transition', async () => {
    await written;
    const all = (await readFile(file, 'utf8')).trim().split('\n');
    return all.length === 3 * jobs ? all : undefined;
  });
  for (const { task_id, state } of rows) {
    const heard = lines.filter((line) => line.startsWith(task_id)).map((line) => line.split(' ')[1]);
    expect(heard).toEqual(['accepted', 'started', state === 'completed' ? 'succeeded' : 'failed']);
  }
});

it.each([
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
  ['never resolves', () => new Promise(() => undefined)],
])('that %s changes the outcome of no job', async (_how, observer) => {
  const rows = await runJobs(observer);
  expect(rows.filter(({ state }) => state === 'completed')).toHaveLength(jobs / 2);
});
