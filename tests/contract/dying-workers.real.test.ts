/** Worker processes that die, stand still or run out of memory: others take up their jobs, and each shows once. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { insertMeetings, manyTranscripts, spanishTranscript } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { type SpawnOptions, spawnWorker } from '../helpers/spawn-worker.ts';
import { query, readJob, startApp, type TestApp, untilItRuns } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';

const lockMs = 3_000;
let namespace: Namespace;
/** Accepts and looks; it runs nothing. */
let app: TestApp;

beforeAll(async () => {
  namespace = await createNamespace();
});
beforeEach(async () => {
  app = await startApp(namespace);
});
afterEach(async () => {
  await app.close();
  await namespace.clear();
});
afterAll(() => namespace?.close());

const spawn = (options: Partial<SpawnOptions> = {}) => spawnWorker({ ...namespace, steer: { lockMs }, ...options });
test('killed at each of the six failpoints, workers lose no job, show none twice, and change no result (A1)', {
  timeout: 120_000,
}, async () => {
  // The producer dies between the commit and the queue.
  const early = await insertMeetings(app.database, manyTranscripts(5));
  const producer = spawn({
    steer: undefined,
    command: 'classify',
    args: ['--unclassified'],
    environment: { FAILPOINTS: 'accepted=kill' },
  });
  expect(await producer.exited).toBe('SIGKILL');
  // All wait at the door, so that each gets as far as its failpoint.
  await app.queues.get('classification').pause();
  const points = ['taken', 'asked', 'saved', 'published', 'acked'];
  const doomed = points.map((point) =>
    spawn({
      steer: { lockMs, classifyMs: 50 },
      environment: { FAILPOINTS: `${point}=kill@2`, WORKER_CONCURRENCY: '2', WORKER_HOSTNAME: `${point}@tests` },
    }),
  );
  await Promise.all(doomed.map((worker) => worker.logged('worker.ready')));
  const ids = await enqueueMeetings(app, 60);
  await app.queues.get('classification').resume();
  expect(await Promise.all(doomed.map(({ exited }) => exited))).toEqual(points.map(() => 'SIGKILL'));
  const survivor = spawn();
  await expectAllDoneOnce(app, ids);
  await expectAllDoneOnce(app, early, { origin: 'cli' });
  // The same texts without a kill.
  const undisturbed = await enqueueMeetings(app, 60);
  await expectAllDoneOnce(app, undisturbed);
  const differing = await query(
    app,
    `select m.transcript from public.meetings m join public.meetings_classifications c on c.meeting_id = m.id group by m.transcript
     having count(distinct (to_jsonb(c) - 'id' - 'meeting_id' - 'processed_at' - 'processing_time_ms' - 'created_at' - 'updated_at')) > 1`,
  );
  expect(differing).toEqual([]);
  survivor.kill('SIGTERM');
  expect(await survivor.exited).toBe(0);
});

test('workers whose loop was blocked, or who were stopped, for longer than the lock change nothing of what another has done meanwhile (A5, A9)', {
  timeout: 120_000,
}, async () => {
  const [blocked, stopped, second] = [
    spawn({ environment: { FAILPOINTS: 'asked=block:15000', WORKER_CONCURRENCY: '1' } }),
    // Longer than it may run before it is stopped, on a busy machine too.
    spawn({ steer: { lockMs, classifyMs: 10_000 } }),
    spawn({ environment: { WORKER_HOSTNAME: 'second@tests' } }),
  ];
  await Promise.all([blocked, stopped, second].map((worker) => worker.logged('worker.ready')));
  const ask = async () => app.ask({ args: await insertMeetings(app.database, [spanishTranscript]) });
  // So that each job meets the worker that is meant for it.
  second.kill('SIGSTOP');
  stopped.kill('SIGSTOP');
  const taskIds = [await ask()];
  // A loop that is blocked at once publishes nothing; the engine knows who was given a job.
  const isTaken = async () => (await app.queues.get('classification').getActiveCount()) === 1;
  await waitFor('its loop to be blocked', async () => (await isTaken()) && (await standsStill(blocked.pid)));
  // It stays blocked for as long as the second one needs; to itself that is one long block.
  blocked.kill('SIGSTOP');
  stopped.kill('SIGCONT');
  taskIds.push(await ask());
  await untilItRuns(app, taskIds[1]);
  stopped.kill('SIGSTOP');

  const messages: string[] = [];
  const subscriber = new Redis(namespace.redisUrl);
  onTestFinished(() => subscriber.disconnect());
  subscriber.on('message', (_channel, text) => messages.push(text));
  await subscriber.subscribe(...taskIds.map((taskId) => `celery-task-meta-${taskId}`));
  second.kill('SIGCONT');
  await second.logged('job.taken_up');
  const expectSecondsRows = async () => {
    for (const taskId of taskIds)
      expect(await app.rowIn(taskId, 'completed')).toMatchObject({ worker: 'second@tests', attempt: 0 });
  };
  await expectSecondsRows();
  for (const [index, worker] of [blocked, stopped].entries()) {
    const { id } = (await readJob(app, taskIds[index] ?? '')) ?? {};
    worker.kill('SIGCONT');
    const isTold = (name: string, told: (fields: Readonly<Record<string, unknown>>) => boolean) =>
      waitFor(`${name} to be told`, () => worker.events.some((each) => each.event === name && told(each)), 45_000);
    await isTold('worker.loop_blocked', ({ ms }) => Number(ms) > lockMs);
    await isTold('job.stale', ({ code, error }) => code === 'STALE_RESULT' && String(error).includes(`j${id}-0`));
    expect(worker.events.filter(({ event, job_id }) => event === 'job.handed_back' && job_id === id)).toEqual([]);
    worker.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
  }
  await expectSecondsRows();
  const [{ runs } = { runs: 0 }] = await query<{ runs: number }>(
    app,
    'select count(*)::int as runs from vambe_worker.runs r join vambe_worker.jobs j on j.id = r.job_id where j.task_id = any($1)',
    [taskIds],
  );
  expect(runs).toBe(2);
  expect(messages).toHaveLength(2);
});

test('what a worker still ran when Redis was emptied, and then died of, is found by the others from its silence (A1, B4)', {
  timeout: 120_000,
}, async () => {
  const survivor = spawn({ environment: { WORKER_HOSTNAME: 'survivor@tests' } });
  await survivor.logged('worker.ready');
  survivor.kill('SIGSTOP');
  // With a short lock it may learn that it lost the job before it sweeps, and delivers it again itself.
  const doomed = spawn({ steer: { lockMs: 60_000, classifyMs: 60_000 } });
  await doomed.logged('worker.ready');
  const taskId = await app.ask({ args: await insertMeetings(app.database, [spanishTranscript]) });
  await untilItRuns(app, taskId);
  await app.redis.flushdb();
  // It has swept, leaving out what it runs itself, and nobody else will.
  await waitFor('the marker', () => app.redis.exists('vambe:marker'));
  doomed.kill('SIGKILL');
  await doomed.exited;
  survivor.kill('SIGCONT');
  await app.rowIn(taskId, 'completed');
  expect(await survivor.logged('queue.redelivered')).toMatchObject({ reason: expect.stringContaining('died') });
});

/** Its main thread has not run for two and more of the turns that its loop makes by itself. */
async function standsStill(pid: number): Promise<boolean> {
  const turns = async () =>
    /^voluntary_ctxt_switches:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  const before = await turns();
  await sleep(600);
  return before === (await turns());
}

test('with 50 transcripts of 2 MB and little memory a worker finishes, or dies and another one does (A6)', {
  timeout: 180_000,
}, async () => {
  const ids = await insertMeetings(
    app.database,
    Array.from({ length: 50 }, () => spanishTranscript),
  );
  await query(
    app,
    'update public.meetings set transcript = repeat(transcript, 2000000 / length(transcript)) where id = any($1)',
    [ids],
  );
  await app.enqueuer.enqueue(ids.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests' })));
  // Collecting garbage may stand still for longer than the short lock.
  const steer = { lockMs: 10_000 };
  const small = spawn({ nodeFlags: ['--max-old-space-size=128'], environment: { WORKER_CONCURRENCY: '10' }, steer });
  const done = expectAllDoneOnce(app, ids, { deadlineMs: 140_000 });
  const died = await Promise.race([small.exited.then(() => true), done.then(() => false)]);
  if (died) spawn({ environment: { WORKER_CONCURRENCY: '10' }, steer });
  await done;
});
