/** What clients read in Redis of a job from its acceptance to its end, byte for byte in meaning what Celery and the API know. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { insertMeetings, spanishTranscript } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, readDocument, startApp, type TestApp, type TestAppOptions } from '../helpers/start-app.ts';
import { createGate, createStubClassifier } from '../helpers/stub-classifier.ts';
import { waitFor } from '../helpers/wait-for.ts';

export function describeWorkerResults(servers: string): void {
  describe(`published results on ${servers}`, () => {
    let namespace: Namespace;
    let stop: () => Promise<void> = async () => undefined;

    beforeAll(async () => {
      namespace = await createNamespace();
    });
    afterEach(() => stop());
    afterAll(() => namespace?.close());

    const startWorker = async (options: TestAppOptions = {}): Promise<TestApp> => {
      const app = await startApp(namespace, {
        ...options,
        settings: { retryDelaySeconds: 0.2, maxRetries: 1, ...options.settings },
      });
      const worker = await app.work();
      stop = async () => {
        stop = async () => undefined;
        await worker.stop();
        await app.close();
      };
      return app;
    };
    const newMeeting = async (app: TestApp, transcript: string | null = spanishTranscript) =>
      (await insertMeetings(app.database, [{ transcript }]))[0]!;
    const metaKey = (taskId: string) => `celery-task-meta-${taskId}`;
    const meta = (app: TestApp, taskId: string) => readDocument(app, metaKey(taskId));
    const metaIn = (app: TestApp, taskId: string, ...states: string[]) =>
      waitFor(`the document of ${taskId} to say ${states.join(' or ')}`, async () => {
        const document = await meta(app, taskId);
        return document && states.includes(String(document.status)) ? document : undefined;
      });
    /** Messages on the channel of a task, as `AsyncResult.get()` waits for them. */
    const listen = async (taskId: string) => {
      const messages: Record<string, unknown>[] = [];
      const subscriber = new Redis(namespace.redisUrl);
      onTestFinished(() => subscriber.disconnect());
      subscriber.on('message', (_channel, text) => messages.push(JSON.parse(text)));
      await subscriber.subscribe(metaKey(taskId));
      return messages;
    };
    const lifeOf = (app: TestApp, key: string) => app.redis.ttl(key);

    test('a completed job has its Celery document, its task status and its cached classification', async () => {
      const app = await startWorker({ classifier: createStubClassifier() });
      const meetingId = await newMeeting(app);
      const taskId = randomUUID();
      const messages = await listen(taskId);
      await app.ask({ taskId, args: [meetingId, false, null, 'api-1'] });
      const document = await metaIn(app, taskId, 'SUCCESS');
      const classification = (document.result as Record<string, Record<string, unknown>>).classification_data!;
      expect(document).toEqual({
        status: 'SUCCESS',
        result: {
          success: true,
          meeting_id: meetingId,
          classification_data: expect.any(Object),
          message: 'classified',
        },
        traceback: null,
        children: [],
        date_done: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
        task_id: taskId,
      });
      expect(classification).toMatchObject({
        meeting_id: meetingId,
        business_sector: 'healthcare',
        sentiment: 'neutral',
      });
      expect(await readDocument(app, `classification_result:${meetingId}`)).toEqual(classification);
      expect(await readDocument(app, 'task_status:api-1')).toEqual({
        status: 'completed',
        meeting_id: meetingId,
        result: document.result,
        timestamp: expect.any(String),
      });
      expect(await app.redis.exists(`task_status:${taskId}`)).toBe(0);
      await waitFor('the message', () => messages.length > 0);
      expect(messages).toEqual([document]);
      for (const key of [metaKey(taskId), 'task_status:api-1']) {
        expect(await lifeOf(app, key)).toBeLessThanOrEqual(3_600);
        expect(await lifeOf(app, key)).toBeGreaterThan(3_500);
      }
      expect(await lifeOf(app, `classification_result:${meetingId}`)).toBeGreaterThan(86_300);
      expect(await lifeOf(app, `classification_result:${meetingId}`)).toBeLessThanOrEqual(86_400);
    });

    test('without an api_task_id the task status stands under the task id', async () => {
      const app = await startWorker({ classifier: createStubClassifier() });
      const taskId = await app.ask({ kwargs: { meeting_id: await newMeeting(app) } });
      await metaIn(app, taskId, 'SUCCESS');
      expect(await readDocument(app, `task_status:${taskId}`)).toMatchObject({ status: 'completed' });
    });

    test('a running job says STARTED with pid and host name, then PROGRESS once a stage is slow, and publishes neither', async () => {
      const gate = createGate();
      const app = await startWorker({
        classifier: createStubClassifier({ before: ({ signal }) => gate.wait(signal) }),
      });
      const meetingId = await newMeeting(app);
      const taskId = randomUUID();
      const messages = await listen(taskId);
      await app.ask({ taskId, args: [meetingId] });
      const started = await metaIn(app, taskId, 'STARTED', 'PROGRESS');
      if (started.status === 'STARTED') {
        expect(started).toMatchObject({ result: { pid: process.pid, hostname: 'worker@tests' }, date_done: null });
      }
      const progress = await metaIn(app, taskId, 'PROGRESS');
      expect(progress.result).toEqual({
        current: 1,
        total: 4,
        percent: 25,
        stage: 'classifying',
        message: expect.any(String),
        meeting_id: meetingId,
      });
      expect(await readDocument(app, `task_status:${taskId}`)).toMatchObject({
        status: 'processing',
        meeting_id: meetingId,
      });
      expect(messages).toEqual([]);
      gate.open();
      await metaIn(app, taskId, 'SUCCESS');
      await waitFor('the message', () => messages.length > 0);
      expect(messages.map(({ status }) => status)).toEqual(['SUCCESS']);
    });

    test('a failed attempt says RETRY, and the last one FAILURE with an exception that Python knows how to raise', async () => {
      const failures = createGate();
      const app = await startWorker({
        classifier: createStubClassifier({
          async before(_input, call) {
            if (call === 2) await failures.wait();
            throw new Error('the model is away');
          },
        }),
      });
      const meetingId = await newMeeting(app);
      const taskId = randomUUID();
      const messages = await listen(taskId);
      await app.ask({ taskId, args: [meetingId] });
      await waitFor('the second attempt', () => failures.waiting === 1);
      expect(await app.rowIn(taskId, 'retrying')).toMatchObject({ attempt: 1, error_code: 'TASK_FAILED' });
      expect(messages).toEqual([]);
      failures.open();
      const document = await metaIn(app, taskId, 'FAILURE');
      expect(document).toMatchObject({
        result: {
          exc_type: 'TaskFailed',
          exc_message: [expect.stringContaining('the model is away')],
          exc_module: 'vambe_worker.errors',
        },
        traceback: expect.stringContaining('[TASK_FAILED]'),
        date_done: expect.any(String),
      });
      await waitFor('the message', () => messages.length > 0);
      expect(messages.map(({ status }) => status)).toEqual(['FAILURE']);
      expect(await readDocument(app, `task_status:${taskId}`)).toMatchObject({
        status: 'failed',
        error: expect.stringContaining('the model is away'),
      });
    });

    test('between two attempts the document says RETRY with the reason', async () => {
      const app = await startWorker({
        settings: { retryDelaySeconds: 3_600 },
        classifier: createStubClassifier({
          before() {
            throw new AppError('TASK_TIMEOUT', 'too slow');
          },
        }),
      });
      const taskId = await app.ask({ args: [await newMeeting(app)] });
      expect(await metaIn(app, taskId, 'RETRY')).toMatchObject({
        result: { exc_type: 'SoftTimeLimitExceeded', exc_module: 'billiard.exceptions' },
        date_done: null,
      });
      expect(await readDocument(app, `task_status:${taskId}`)).toMatchObject({
        status: 'processing',
        message: expect.stringContaining('TASK_TIMEOUT'),
      });
    });

    test('E6 a meeting that does not exist fails for good and leaves no cached classification', async () => {
      const app = await startApp(namespace, {});
      const meetingId = 2_000_000_001;
      await app.redis.set(`classification_result:${meetingId}`, '{}');
      const taskId = await app.ask({ args: [meetingId] });
      await query(app, `update vambe_worker.jobs set accepted_at = now() - interval '1 minute' where task_id = $1`, [
        taskId,
      ]);
      await app.close();
      const worker = await startWorker();
      const row = await worker.rowIn(taskId, 'failed');
      expect(row).toMatchObject({ error_code: 'MEETING_NOT_FOUND', attempt: 1 });
      const document = await metaIn(worker, taskId, 'FAILURE');
      expect(document.result).toMatchObject({ exc_type: 'MeetingNotFound' });
      expect(await worker.redis.exists(`classification_result:${meetingId}`)).toBe(0);
    });

    test('E1 a blank transcript fails for good without asking the classifier', async () => {
      const classifier = createStubClassifier();
      const app = await startWorker({ classifier });
      const taskIds = [
        await app.ask({ args: [await newMeeting(app, ' \n\t ')] }),
        await app.ask({ args: [await newMeeting(app, null)] }),
      ];
      for (const taskId of taskIds) {
        expect(await app.rowIn(taskId, 'failed')).toMatchObject({ error_code: 'TRANSCRIPT_EMPTY', attempt: 1 });
      }
      expect(classifier.calls).toEqual([]);
    });

    test('a stored SUCCESS is never overwritten', async () => {
      const app = await startWorker({
        settings: { maxRetries: 0 },
        classifier: createStubClassifier({
          before() {
            throw new Error('no');
          },
        }),
      });
      const taskId = randomUUID();
      const document = `{"status": "SUCCESS", "result": 1, "traceback": null, "children": [], "date_done": null, "task_id": "${taskId}"}`;
      await app.redis.set(metaKey(taskId), document);
      await app.ask({ taskId, args: [await newMeeting(app)] });
      await app.rowIn(taskId, 'failed');
      await waitFor('the status', async () => (await readDocument(app, `task_status:${taskId}`))?.status === 'failed');
      expect(await app.redis.get(metaKey(taskId))).toBe(document);
    });

    test('a FAILURE gives way to the SUCCESS of a retry', async () => {
      const app = await startWorker({ classifier: createStubClassifier() });
      const taskId = randomUUID();
      await app.redis.set(metaKey(taskId), `{"status": "FAILURE", "result": "SUCCESS", "task_id": "${taskId}"}`);
      await app.ask({ taskId, args: [await newMeeting(app)] });
      expect(await metaIn(app, taskId, 'SUCCESS')).toMatchObject({ result: { success: true } });
    });

    test('B11 a key of another type under a result id is replaced and holds up no other job', async () => {
      const app = await startWorker({ classifier: createStubClassifier() });
      const [spoilt, other] = await insertMeetings(app.database, ['Uno', 'Dos']);
      const taskId = randomUUID();
      await app.redis.lpush(metaKey(taskId), 'odd');
      await app.redis.lpush(`classification_result:${spoilt}`, 'odd');
      await app.ask({ taskId, args: [spoilt] });
      const otherId = await app.ask({ args: [other] });
      await metaIn(app, otherId, 'SUCCESS');
      expect(await metaIn(app, taskId, 'SUCCESS')).toMatchObject({ task_id: taskId });
      expect(await readDocument(app, `classification_result:${spoilt}`)).toMatchObject({ meeting_id: spoilt });
    });

    test('health_check answers what the old worker answered', async () => {
      const app = await startWorker();
      const taskId = await app.ask({ task: 'core.tasks.health_check_task' });
      const document = await metaIn(app, taskId, 'SUCCESS');
      expect(document.result).toEqual({
        status: 'healthy',
        database: 'connected',
        redis: 'connected',
        timestamp: expect.stringMatching(/Z$/),
      });
      expect((await app.rowIn(taskId, 'completed')).task).toBe('health_check');
    });
  });
}
