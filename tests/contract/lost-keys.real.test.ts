/** Single keys of the queues vanish, as where Redis evicts: each open job is found missing and done all the same. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSeeded } from '../chaos/seeded.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { insertMeetings, manyTranscripts, spanishTranscript } from '../helpers/meetings.ts';
import { query, readDocument, startApp, type TestApp } from '../helpers/start-app.ts';
import { createGate, createStubClassifier } from '../helpers/stub-classifier.ts';
import { useTestBed } from '../helpers/test-bed.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** From the last deletion until all is done. */
const deadlineMs = 120_000;
const prefix = 'vambe:classification';
const seed = Number(process.env.SEED ?? 1);

const bed = useTestBed();
const { started } = bed;

const start = async (gate?: ReturnType<typeof createGate>): Promise<TestApp> => {
  const classifier = createStubClassifier({ before: ({ signal }) => gate?.wait(signal) });
  const app = await startApp(bed.namespace, { classifier, settings: { retryDelaySeconds: 1 } });
  started.push(() => app.close());
  return app;
};
const work = async (app: TestApp, lockMs?: number) => {
  const worker = await app.work({ concurrency: 8, lockMs, withHousekeeping: true });
  started.push(() => worker.stop(0));
};
const jobKeys = async (app: TestApp) =>
  (await app.redis.keys(`${prefix}:j*`)).filter((key) => /:j\d+-\d+$/.test(key)).sort();
/** One by one, a seeded half of them. */
const deleteHalf = async (app: TestApp): Promise<number> => {
  const random = createSeeded(seed);
  let deleted = 0;
  for (const key of await jobKeys(app)) if (random.next() < 0.5) deleted += await app.redis.del(key);
  return deleted;
};
/** Nothing is told of one job more than once, and no job is taken for one of a newer version. */
const expectQuietLog = ({ log }: TestApp) => {
  expect(log.named('job.too_new')).toEqual([]);
  const told = log.events
    .filter(({ level }) => level !== 'debug')
    .flatMap(({ event, fields }) => {
      const id = fields.bull_job_id ?? fields.job_id;
      return id === undefined ? [] : [`${event} ${id}`];
    });
  expect(told).toEqual([...new Set(told)]);
};
const makeOld = (app: TestApp) =>
  query(
    app,
    `update vambe_worker.jobs set delivered_at = now() - interval '1 minute' where state in ('queued', 'retrying')`,
  );
const untilQueueIsEmpty = (app: TestApp) =>
  waitFor('the queue to be empty', async () => {
    const counts = await app.queues.get('classification').getJobCounts('wait', 'active', 'delayed', 'prioritized');
    return Object.values(counts).every((count) => count === 0);
  });
const expectNoRemains = async (app: TestApp) => {
  await untilQueueIsEmpty(app);
  expect(await jobKeys(app)).toEqual([]);
};

test('a random half of the keys of 400 queued jobs is deleted one by one, and all 400 are done (R1)', {
  timeout: 180_000,
}, async () => {
  const app = await start();
  const ids = await enqueueMeetings(app, 400);
  expect(await deleteHalf(app)).toBeGreaterThan(100);
  await work(app);
  await expectAllDoneOnce(app, ids, { deadlineMs });
  await expectNoRemains(app);
  expectQuietLog(app);
});

test('keys of active and of delayed jobs are deleted, and all are done (R1)', { timeout: 180_000 }, async () => {
  const gate = createGate();
  const app = await start(gate);
  const later = new Date(Date.now() + 5_000).toISOString();
  const delayed = await insertMeetings(app.database, manyTranscripts(20));
  const requests = delayed.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests', dueAt: later }));
  await app.enqueuer.enqueue(requests);
  const active = await enqueueMeetings(app, 20);
  await work(app);
  await waitFor('eight to run', () => gate.waiting === 8);
  for (const key of await jobKeys(app)) await app.redis.del(key);
  gate.open();
  await expectAllDoneOnce(app, [...active, ...delayed], { deadlineMs });
  await expectNoRemains(app);
  expectQuietLog(app);
});

test('keys of jobs of a paused queue are deleted; none starts before the queue is resumed, and then all are done (R1)', {
  timeout: 180_000,
}, async () => {
  const app = await start();
  await app.queues.get('classification').pause();
  const ids = await enqueueMeetings(app, 60);
  await deleteHalf(app);
  await makeOld(app);
  await work(app);
  await waitFor('all to be in the queue again', async () => (await jobKeys(app)).length === 60, deadlineMs);
  expect(app.log.named('queue.redelivered')).toHaveLength(1);
  await app.queues.get('classification').resume();
  await expectAllDoneOnce(app, ids, { deadlineMs });
  await expectNoRemains(app);
  expectQuietLog(app);
});

test.each(['wait', 'prioritized', 'delayed'])(
  'an entry of %s without a hash is dropped quietly, whether its row is open or has ended (R1)',
  { timeout: 180_000 },
  async (list) => {
    const app = await start();
    const [meetingId = 0] = await insertMeetings(app.database, [spanishTranscript]);
    const taskId = await app.ask({ args: [meetingId] });
    const [{ id } = { id: '' }] = await query<{ id: string }>(
      app,
      'select id::text from vambe_worker.jobs where task_id = $1',
      [taskId],
    );
    await app.redis.del(`${prefix}:j${id}-0`, `${prefix}:prioritized`);
    // Of no row, of a row that is open, and of another delivery.
    for (const entry of ['j999999999-0', `j${id}-0`, `j${id}-7`]) {
      if (list === 'wait') await app.redis.rpush(`${prefix}:wait`, entry);
      else await app.redis.zadd(`${prefix}:${list}`, list === 'delayed' ? (Date.now() + 1_000) * 0x1000 : 1, entry);
    }
    await makeOld(app);
    await work(app);
    await expectAllDoneOnce(app, [meetingId], { deadlineMs });
    await expectNoRemains(app);
    expectQuietLog(app);
    expect(app.log.events.filter(({ level }) => level === 'warn').map(({ event }) => event)).toEqual([
      'queue.redelivered',
    ]);
  },
);

test.each(['prioritized', 'wait', 'delayed', 'meta', 'active', 'marker', 'stalled', 'pc', 'events', 'id'])(
  'the key "%s" of a queue is evicted while the hashes of its jobs stay, and all are done (R1)',
  { timeout: 180_000 },
  async (key) => {
    const gate = createGate();
    const app = await start(gate);
    const meetings = await insertMeetings(app.database, manyTranscripts(40));
    const dueAt = new Date(Date.now() + 3_000).toISOString();
    await app.enqueuer.enqueue(
      meetings.map((id, n) => ({
        task: 'classify_meeting',
        args: [id],
        origin: 'tests',
        // A third in each list.
        ...(n % 3 === 0 ? { dueAt } : { priority: n % 3 === 1 ? 0 : 1 }),
      })),
    );
    await work(app, 5_000);
    await waitFor('eight to run', () => gate.waiting === 8);
    await app.redis.del(`${prefix}:${key}`);
    await makeOld(app);
    gate.open();
    await expectAllDoneOnce(app, meetings, { deadlineMs });
    // BullMQ leaves the hashes of the jobs that ran: it does not complete what is in no list.
    await (key === 'active' ? untilQueueIsEmpty(app) : expectNoRemains(app));
    expectQuietLog(app);
  },
);

test('the pause of a queue whose meta key is evicted is set again (R1)', { timeout: 180_000 }, async () => {
  const app = await start();
  await query(
    app,
    `insert into vambe_worker.controls (kind, name, reason, created_by) values ('queue', 'classification', 'tests', 'tests')`,
  );
  await work(app);
  await waitFor('the pause', () => app.queues.get('classification').isPaused());
  await app.redis.del(`${prefix}:meta`);
  await waitFor('the pause, again', () => app.queues.get('classification').isPaused(), 60_000);
});

test('a schedule whose next job, or whose own key, is deleted runs again (R1)', { timeout: 180_000 }, async () => {
  const app = await start();
  await work(app);
  const queue = app.queues.get('default');
  await waitFor('the schedules', async () => (await queue.getJobSchedulersCount()) === app.schedules.length);
  const planned = (await app.redis.keys('vambe:default:repeat:purge_expired:*')).filter((key) => /:\d+$/.test(key));
  expect(planned).toHaveLength(1);
  await app.redis.del(...planned, 'vambe:default:repeat:sweep_unclassified');
  const isPlanned = async (name: string) => {
    const scheduler = await queue.getJobScheduler(name);
    const job = scheduler && (await queue.getJob(`repeat:${name}:${scheduler.next}`));
    return job?.data.schedule === name;
  };
  for (const { name } of app.schedules) await waitFor(`the next run of ${name}`, () => isPlanned(name), 60_000);
});

test('a job that ended without its documents, and whose queue keeps its entry alone, gets them from that entry (R1)', {
  timeout: 120_000,
}, async () => {
  const app = await start();
  const taskId = randomUUID();
  const [meetingId = 0] = await insertMeetings(app.database, [spanishTranscript]);
  await app.ask({ taskId, args: [meetingId] });
  const worker = await app.work();
  const { id } = await app.rowIn(taskId, 'completed');
  await waitFor('its document', () => app.redis.exists(`celery-task-meta-${taskId}`));
  await app.redis.set(`celery-task-meta-${taskId}`, '{"status":"PROGRESS","result":{}}');
  await app.redis.del(`classification_result:${meetingId}`);
  await app.redis.rpush(`${prefix}:wait`, `j${id}-0`);
  await app.redis.zadd(`${prefix}:marker`, 0, '0');
  await waitFor(
    'the document',
    async () => (await readDocument(app, `celery-task-meta-${taskId}`))?.status === 'SUCCESS',
  );
  await waitFor('the cached result', () => app.redis.exists(`classification_result:${meetingId}`));
  await worker.stop();
});
