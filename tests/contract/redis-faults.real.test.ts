import { describe, expect, test } from 'vitest';
import { redisError, startFaultProxy } from '../helpers/fault-proxy.ts';
import { countCompleted, enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { insertMeetings, spanishTranscript } from '../helpers/meetings.ts';
import { query, readDocument, readJob, startApp, type TestApp, type WorkOptions } from '../helpers/start-app.ts';
import { createGate, createStubClassifier, fieldOf } from '../helpers/stub-classifier.ts';
import { useOwnRedisBed } from '../helpers/test-bed.ts';
import { waitFor } from '../helpers/wait-for.ts';

const bed = useOwnRedisBed();
const { started } = bed;

/** A worker in this process, behind a proxy; 5 ms a job. */
async function startWorking({
  classifier = slow(),
  ...work
}: WorkOptions & { classifier?: ReturnType<typeof slow> } = {}) {
  const redis = await startFaultProxy(bed.server.url);
  const app = await startApp({ ...bed.namespace, redisUrl: redis.url }, { classifier });
  const worker = await app.work({ concurrency: 4, ...work });
  started.push(async () => {
    await redis.pass();
    await worker.stop(0);
    await app.close();
  });
  return { app, redis };
}
const slow = () => createStubClassifier({ before: () => new Promise((resolve) => setTimeout(resolve, 5)) });
const told = (app: TestApp) => app.log.events.filter(({ level }) => level === 'warn' || level === 'error');
const seconds = async (count: number) => {
  const untilMs = performance.now() + count * 1_000;
  await waitFor(`${count} seconds of outage`, () => performance.now() > untilMs, 60_000);
};
const someAreDone = (ids: readonly number[]) =>
  waitFor('some to be done', async () => (await countCompleted(bed.outside, ids)) > 10);

test('B1 while Redis refuses, nothing is tried more than five times a second and few lines are told', {
  timeout: 60_000,
}, async () => {
  const { app, redis } = await startWorking({ withHousekeeping: true });
  const ids = await enqueueMeetings(bed.outside, 200);
  await someAreDone(ids);
  redis.refuse();
  await seconds(2);
  const before = redis.tries;
  await seconds(6);
  expect((redis.tries - before) / 6).toBeLessThan(5);
  // That it is down, and that results wait for it.
  expect(told(app).map(({ event }) => event)).toEqual(expect.arrayContaining(['redis.down']));
  expect(told(app).length).toBeLessThanOrEqual(2);
  await redis.pass();
  await expectAllDoneOnce(bed.outside, ids);
});

test('B2 results that were saved while Redis was cut off are published when it is back', async () => {
  const gate = createGate();
  const { redis } = await startWorking({ classifier: createStubClassifier({ before: () => gate.wait() }) });
  const [meetingId] = await insertMeetings(bed.outside.database, [spanishTranscript]);
  const taskId = await bed.outside.ask({ args: [meetingId] });
  await waitFor('it to be asked', () => gate.waiting === 1);
  await redis.shut();
  gate.open();
  await bed.outside.rowIn(taskId, 'completed');
  await redis.pass();
  const document = await waitFor('the document', async () => {
    const found = await readDocument(bed.outside, `celery-task-meta-${taskId}`);
    return found?.status === 'SUCCESS' ? found : undefined;
  });
  expect(document).toMatchObject({ task_id: taskId, result: { success: true, meeting_id: meetingId } });
});

describe('refusals', () => {
  test('B5 a primary that is a replica for five seconds, as in a failover, costs no attempt and few tries', {
    timeout: 60_000,
  }, async () => {
    const { app, redis } = await startWorking({ withHousekeeping: true });
    const ids = await enqueueMeetings(bed.outside, 300);
    await someAreDone(ids);
    await bed.outside.redis.replicaof('127.0.0.1', '1');
    await seconds(2);
    const before = redis.tries;
    await seconds(4);
    expect((redis.tries - before) / 4).toBeLessThan(5);
    await bed.outside.redis.replicaof('NO', 'ONE');
    await expectAllDoneOnce(bed.outside, ids);
    expect(app.log.named('redis.down').length).toBeLessThanOrEqual(2);
    expect(app.log.named('job.retry')).toEqual([]);
  });

  test.each(['LOADING Redis is loading the dataset in memory', 'MASTERDOWN Link with MASTER is down'])(
    'B5 a bed.server that answers "%s" is waited for',
    { timeout: 60_000 },
    async (words) => {
      const { app, redis } = await startWorking();
      const ids = await enqueueMeetings(bed.outside, 60);
      await someAreDone(ids);
      for (const command of ['evalsha', 'bzpopmin', 'eval', 'set'])
        redis.answer(`\r\n${command}\r\n`, redisError(words));
      await seconds(5);
      expect(app.log.named('redis.down').map(({ fields }) => fields.code)).toEqual(['REDIS_UNREACHABLE']);
      await redis.pass();
      await expectAllDoneOnce(bed.outside, ids);
      expect(told(app).length).toBeLessThanOrEqual(3);
    },
  );

  test('B6 a full Redis: what runs is saved, what is asked waits in the database, and one line tells how full it is', {
    timeout: 60_000,
  }, async () => {
    const { app } = await startWorking({ withHousekeeping: true });
    const ids = await enqueueMeetings(bed.outside, 300);
    await someAreDone(ids);
    await bed.outside.redis.config('SET', 'maxmemory', '1mb');
    started.push(() => bed.outside.redis.config('SET', 'maxmemory', '0'));
    const [meetingId] = await insertMeetings(bed.outside.database, [spanishTranscript]);
    const report = await bed.outside.enqueuer.enqueue([
      { task: 'classify_meeting', args: [meetingId], origin: 'tests' },
    ]);
    expect(report).toMatchObject({ queued: 'database', accepted: [{ isNew: true }] });
    await waitFor('it to be told', () => app.log.named('redis.down').length > 0);
    const calls = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await bed.outside.redis.info('stats'))?.[1] ?? 0);
    await seconds(2);
    const before = await calls();
    await seconds(4);
    expect((await calls()) - before).toBeLessThan(200);
    expect(app.log.named('redis.down')).toMatchObject([
      { fields: { code: 'REDIS_FULL', error: expect.stringMatching(/[\d.]+ MiB used of 1\.0 MiB/) } },
    ]);
    expect(app.log.named('queue.error')).toEqual([]);
    await bed.outside.redis.config('SET', 'maxmemory', '0');
    await expectAllDoneOnce(bed.outside, ids);
  });
});

test('B9 a Redis that is frozen for two locks fails no job, and what ran twice shows once', {
  timeout: 60_000,
}, async () => {
  const lockMs = 2_000;
  const { app, redis } = await startWorking({ lockMs });
  const ids = await enqueueMeetings(bed.outside, 200);
  await someAreDone(ids);
  redis.freeze();
  await seconds((2 * lockMs) / 1_000);
  await redis.pass();
  await expectAllDoneOnce(bed.outside, ids);
  expect(app.log.named('job.failed')).toEqual([]);
});

test('B12 an old result in Redis gives way: to the stored one when the same is asked, and before a forced run', async () => {
  const key = (meetingId: number) => `classification_result:${meetingId}`;
  const gate = createGate();
  const classifier = createStubClassifier({
    before: (_input, call) => (call === 2 ? gate.wait() : undefined),
    answer: (_input, call) => ({ fields: { business_sector: fieldOf(call === 1 ? 'retail' : 'healthcare') } }),
  });
  const { app } = await startWorking({ classifier });
  const [meetingId = 0] = await insertMeetings(bed.outside.database, [spanishTranscript]);
  await bed.outside.rowIn(await bed.outside.ask({ args: [meetingId] }), 'completed');
  const old = JSON.stringify({ meeting_id: meetingId, business_sector: 'mining' });
  await bed.outside.redis.set(key(meetingId), old);
  await bed.outside.rowIn(await bed.outside.ask({ args: [meetingId] }), 'completed');
  await waitFor(
    'the stored one',
    async () => (await readDocument(bed.outside, key(meetingId)))?.business_sector === 'retail',
  );

  await bed.outside.redis.set(key(meetingId), old);
  const forced = await bed.outside.ask({ args: [meetingId, true] });
  await waitFor('the forced run', () => gate.waiting === 1);
  expect(await bed.outside.redis.exists(key(meetingId))).toBe(0);
  gate.open();
  await bed.outside.rowIn(forced, 'completed');
  await waitFor(
    'the new one',
    async () => (await readDocument(bed.outside, key(meetingId)))?.business_sector === 'healthcare',
  );
  expect(await readJob(app, forced)).toMatchObject({ attempt: 0 });
  expect(
    await query(bed.outside, 'select id from public.meetings_classifications where meeting_id = $1', [meetingId]),
  ).toHaveLength(1);
});
