/** A save that committed is published, also when Redis was emptied, the job's lock was lost or the worker died meanwhile. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createSeeded } from '../chaos/seeded.ts';
import { insertMeetings, manyTranscripts, spanishTranscript } from '../helpers/meetings.ts';
import { query, readDocument, startApp, type TestApp } from '../helpers/start-app.ts';
import { createStubClassifier } from '../helpers/stub-classifier.ts';
import { useTestBed } from '../helpers/test-bed.ts';
import { waitFor } from '../helpers/wait-for.ts';

const lockMs = 3_000;
const seed = Number(process.env.SEED ?? 1);
const bed = useTestBed();
const { started } = bed;

const start = async (name: string): Promise<TestApp> => {
  const app = await startApp(bed.namespace, { classifier: createStubClassifier(), workerName: `${name}@tests` });
  started.push(() => app.close());
  const worker = await app.work({ concurrency: 12, lockMs, withHousekeeping: true });
  started.push(() => worker.stop(0));
  return app;
};
const meta = (app: TestApp, taskId: string) => readDocument(app, `celery-task-meta-${taskId}`);
const expectPublished = async (app: TestApp, { taskId, meetingId }: { taskId: string; meetingId: number }) => {
  await app.rowIn(taskId, 'completed');
  await waitFor(`the document of ${taskId}`, async () => (await meta(app, taskId))?.status === 'SUCCESS', 60_000);
  expect(await readDocument(app, `task_status:${taskId}`)).toMatchObject({ status: 'completed' });
  const cached = await readDocument(app, `classification_result:${meetingId}`);
  expect(cached).toMatchObject({ meeting_id: meetingId, business_sector: 'healthcare' });
};
/** Forced jobs of classified meetings whose saves wait for locks on rows of `meetings_classifications`. */
const askAndBlock = async (app: TestApp, count: number) => {
  const meetings = await insertMeetings(app.database, manyTranscripts(count));
  for (const meetingId of meetings) await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
  const client = new Client({ connectionString: bed.namespace.postgresUrl });
  await client.connect();
  onTestFinished(() => client.end());
  const random = createSeeded(seed);
  const locked = meetings.filter((_id, n) => n === 0 || random.next() < 0.5);
  await client.query('begin');
  await client.query('select 1 from public.meetings_classifications where meeting_id = any($1) for update', [locked]);
  const jobs: { taskId: string; meetingId: number }[] = [];
  for (const meetingId of meetings) jobs.push({ meetingId, taskId: await app.ask({ args: [meetingId, true] }) });
  await untilWaiting(app, 1);
  return { jobs, release: () => client.query('commit') };
};
const untilWaiting = (app: TestApp, sessions: number) =>
  waitFor(`${sessions} saves to wait for a lock`, async () => {
    const text = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return (await query(app, text)).length >= sessions;
  });

test('Redis is emptied while saves wait for a lock, and the worker loses their locks: all are published (R2)', {
  timeout: 120_000,
}, async () => {
  const app = await start('one');
  const { jobs, release } = await askAndBlock(app, 6);
  await app.redis.flushdb();
  await waitFor('the lock to be lost', () => app.log.named('job.stale').length > 0);
  await release();
  for (const job of jobs) await expectPublished(app, job);
});

test('Redis is emptied while saves wait for a lock, and another worker runs the same jobs: all are published (R2)', {
  timeout: 120_000,
}, async () => {
  const first = await start('one');
  const { jobs, release } = await askAndBlock(first, 6);
  const second = await start('two');
  await first.redis.flushdb();
  await untilWaiting(first, 2);
  await release();
  for (const job of jobs) await expectPublished(second, job);
  // Also after what was still on its way.
  await waitFor('the queue to be empty', async () => {
    const counts = await first.queues.get('classification').getJobCounts('wait', 'active', 'delayed', 'prioritized');
    return Object.values(counts).every((count) => count === 0);
  });
  for (const job of jobs) await expectPublished(second, job);
});

test('a job whose lock key is deleted while its save waits for a lock is published (R2)', {
  timeout: 120_000,
}, async () => {
  const app = await start('one');
  const { jobs, release } = await askAndBlock(app, 3);
  await app.redis.del(...(await app.redis.keys('vambe:classification:*:lock')));
  await waitFor('the lock to be lost', () => app.log.named('job.stale').length > 0);
  await release();
  for (const job of jobs) await expectPublished(app, job);
});

test('recovery publishes what ended while its document says that it runs, and nothing that a client forgot or ignores (R2)', {
  timeout: 120_000,
}, async () => {
  const app = await start('one');
  const ids = { unpublished: randomUUID(), unstatused: randomUUID(), forgotten: randomUUID(), ignored: randomUUID() };
  const meetingIds = await insertMeetings(
    app.database,
    Object.keys(ids).map(() => ({ transcript: spanishTranscript })),
  );
  for (const [n, taskId] of Object.values(ids).entries()) await app.ask({ taskId, args: [meetingIds[n]] });
  for (const taskId of Object.values(ids)) {
    await app.rowIn(taskId, 'completed');
    await waitFor('its document', async () => (await meta(app, taskId))?.status === 'SUCCESS');
  }
  // As if the worker had died after the commit, and Redis had lost the queue.
  const { redis } = app;
  const progress = '{"status":"PROGRESS","result":{}}';
  await redis.set(`celery-task-meta-${ids.unpublished}`, progress);
  await redis.set(`task_status:${ids.unpublished}`, '{"status":"processing"}');
  await redis.del(`celery-task-meta-${ids.unstatused}`, `celery-task-meta-${ids.forgotten}`);
  await redis.set(`task_status:${ids.unstatused}`, '{"status":"processing"}');
  await redis.set(`celery-task-meta-${ids.ignored}`, progress);
  await query(app, `update vambe_worker.jobs set message = '{"ignoresResult": true}' where task_id = $1`, [
    ids.ignored,
  ]);
  for (const [n, taskId] of [ids.unpublished, ids.unstatused].entries())
    await expectPublished(app, { taskId, meetingId: meetingIds[n] ?? 0 });
  await waitFor('it to be told', () => app.log.named('job.published_late').length > 0);
  expect(app.log.named('job.published_late')).toMatchObject([{ fields: { jobs: 2 } }]);
  expect(await redis.exists(`celery-task-meta-${ids.forgotten}`)).toBe(0);
  expect(await meta(app, ids.ignored)).toMatchObject({ status: 'PROGRESS' });
});
