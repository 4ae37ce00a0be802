/** How jobs run: in which order, how often, how long, and what a worker does with those it cannot finish. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { priorities } from '../../src/core/queue/enqueue.ts';
import { countQueue } from '../../src/core/queue/queue-counts.ts';
import { insertMeetings, manyTranscripts, spanishTranscript } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, readDocument, readJob, startApp, type TestApp, type TestAppOptions } from '../helpers/start-app.ts';
import { createGate, createStubClassifier } from '../helpers/stub-classifier.ts';
import { makeTaskFolder } from '../helpers/task-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

const echoTask = `export default ({ defineTask, z, complete }) => defineTask({
  name: 'echo', parameters: z.object({ text: z.string() }), run: async ({ text }) => complete({ text }) });`;

export function describeWorkerJobs(servers: string): void {
  describe(`jobs of a worker on ${servers}`, () => {
    let namespace: Namespace;
    const started: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      namespace = await createNamespace();
    });
    afterEach(async () => {
      for (const stop of started.splice(0).reverse()) await stop();
      await namespace.clear();
    });
    afterAll(() => namespace?.close());

    const open = async (options: TestAppOptions = {}): Promise<TestApp> => {
      const app = await startApp(namespace, {
        ...options,
        settings: { retryDelaySeconds: 0.2, maxRetries: 2, ...options.settings },
      });
      started.push(() => app.close());
      return app;
    };
    const work = async (app: TestApp, options?: Parameters<TestApp['work']>[0]) => {
      const worker = await app.work(options);
      started.push(() => worker.stop(0));
      return worker;
    };
    const openAndWork = async (options: TestAppOptions = {}, concurrency = 20): Promise<TestApp> => {
      const app = await open(options);
      await work(app, { concurrency });
      return app;
    };
    const newMeeting = async (app: TestApp) => (await insertMeetings(app.database, [spanishTranscript]))[0]!;
    const bullJobOf = async (app: TestApp, taskId: string) => {
      const row = await readJob(app, taskId);
      return app.queues.get('classification').getJob(`j${row?.id}-${row?.delivery}`);
    };

    describe('order and time', () => {
      test('what a person waits for runs before bulk work that came earlier', async () => {
        const classifier = createStubClassifier();
        const app = await open({ classifier });
        const ids = await insertMeetings(app.database, ['bulk 1', 'bulk 2', 'bulk 3', 'urgent']);
        for (const id of ids.slice(0, 3)) await app.ask({ args: [id], priority: priorities.bulk });
        await app.ask({ args: [ids[3]] });
        await work(app, { concurrency: 1 });
        await waitFor('four calls', () => classifier.calls.length === 4);
        expect(classifier.calls.map(({ transcript }) => transcript)).toEqual(['urgent', 'bulk 1', 'bulk 2', 'bulk 3']);
      });

      test('jobs of one priority run in the order of their acceptance', async () => {
        const classifier = createStubClassifier();
        const app = await open({ classifier });
        const transcripts = manyTranscripts(30);
        const ids = await insertMeetings(app.database, transcripts);
        await app.enqueuer.enqueue(ids.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests' })));
        await work(app, { concurrency: 1 });
        await waitFor('30 calls', () => classifier.calls.length === 30);
        expect(classifier.calls.map(({ transcript }) => transcript)).toEqual(transcripts);
      });

      test('a job that is due later does not start earlier', async () => {
        const app = await openAndWork({ classifier: createStubClassifier() });
        const dueAt = new Date(Date.now() + 1_500).toISOString();
        const taskId = await app.ask({ args: [await newMeeting(app)], dueAt });
        await app.rowIn(taskId, 'completed');
        const [row] = await query<{ early_s: number }>(
          app,
          'select extract(epoch from $2::timestamptz - started_at)::float as early_s from vambe_worker.jobs where task_id = $1',
          [taskId, dueAt],
        );
        expect(row!.early_s).toBeLessThan(0.05);
      });

      test('BullMQ keeps what failed, and nothing of what was completed', async () => {
        const app = await openAndWork({ classifier: createStubClassifier() });
        const [empty] = await insertMeetings(app.database, ['']);
        const [done, failed] = [await app.ask({ args: [await newMeeting(app)] }), await app.ask({ args: [empty] })];
        await app.rowIn(done, 'completed');
        await app.rowIn(failed, 'failed');
        const queue = app.queues.get('classification');
        await waitFor('BullMQ to know of both ends', async () => (await queue.getJobCountByTypes('active')) === 0);
        expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 0, failed: 1 });
        expect(await queue.getJob(`j${(await readJob(app, done))?.id}-0`)).toBeUndefined();
      });

      test('a delivery that is added again after its job was completed changes neither row nor result', async () => {
        const classifier = createStubClassifier();
        const app = await openAndWork({ classifier });
        const taskId = await app.ask({ args: [await newMeeting(app)] });
        const row = await app.rowIn(taskId, 'completed');
        const result = await readDocument(app, `celery-task-meta-${taskId}`);
        const job = { rowId: String(row.id), task: 'classify_meeting', queue: 'classification', delivery: 0 };
        const queue = app.queues.get('classification');
        const isIdle = async () => {
          const { waiting, active } = await countQueue(app.queues, 'classification');
          return waiting + active === 0;
        };
        await waitFor('the job to leave the queue', isIdle);
        await queue.pause();
        await app.queues.add([{ ...job, priority: 1, failedAttempts: 0, dueAt: null }]);
        expect(await isIdle()).toBe(false);
        await queue.resume();
        await waitFor('the second delivery to end', isIdle);
        expect(await readJob(app, taskId)).toEqual(row);
        expect(await readDocument(app, `celery-task-meta-${taskId}`)).toEqual(result);
        expect(classifier.calls).toHaveLength(1);
      });

      test('no more jobs run at once than the concurrency says, over all queues', async () => {
        const gate = createGate();
        let most = 0;
        let now = 0;
        const classifier = createStubClassifier({
          async before() {
            now += 1;
            most = Math.max(most, now);
            await gate.wait();
            now -= 1;
          },
        });
        const app = await openAndWork({ classifier }, 3);
        const ids = await insertMeetings(app.database, manyTranscripts(12));
        const taskIds = await Promise.all(ids.map((id) => app.ask({ args: [id] })));
        const health = await app.ask({ task: 'health_check' });
        await waitFor('three at once', () => gate.waiting === 3);
        expect((await readJob(app, health))?.state).toBe('queued');
        gate.open();
        for (const taskId of [...taskIds, health]) await app.rowIn(taskId, 'completed');
        expect(most).toBe(3);
      });
    });

    describe('attempts', () => {
      test('the pause before a further attempt is that of the worker, whatever the settings of whoever asked', async () => {
        const classifier = createStubClassifier({
          before(_input, call) {
            if (call === 1) throw new Error('try 1');
          },
        });
        const asker = await open({ settings: { retryDelaySeconds: 3_600 } });
        const taskId = await asker.ask({ args: [await newMeeting(asker)] });
        const app = await openAndWork({ classifier });
        await app.rowIn(taskId, 'completed');
        expect(classifier.calls).toHaveLength(2);
      });

      test('an error that may pass is tried again, each failed attempt noted, until it succeeds', async () => {
        const classifier = createStubClassifier({
          before(_input, call) {
            if (call < 3) throw new Error(`try ${call}`);
          },
        });
        const app = await openAndWork({ classifier });
        const taskId = await app.ask({ args: [await newMeeting(app)] });
        const row = await app.rowIn(taskId, 'completed', 'failed');
        expect(row).toMatchObject({ state: 'completed', attempt: 2, error_code: null, worker: 'worker@tests' });
        expect(row.attempts).toMatchObject([
          { attempt: 1, code: 'TASK_FAILED', message: expect.stringContaining('try 1'), due_at: expect.any(String) },
          { attempt: 2, code: 'TASK_FAILED', message: expect.stringContaining('try 2'), due_at: expect.any(String) },
        ]);
        expect(classifier.calls).toHaveLength(3);
      });

      test('after MAX_RETRIES further attempts the job has failed', async () => {
        const classifier = createStubClassifier({
          before() {
            throw new Error('never');
          },
        });
        const app = await openAndWork({ classifier });
        const row = await app.rowIn(await app.ask({ args: [await newMeeting(app)] }), 'failed', 'completed');
        expect(row).toMatchObject({ state: 'failed', attempt: 3 });
        expect(row.attempts.at(-1)).toMatchObject({ attempt: 3, due_at: null });
        expect(classifier.calls).toHaveLength(3);
      });

      test('a permanent error ends the job at once', async () => {
        const classifier = createStubClassifier({
          before() {
            throw new AppError('TASK_INVALID', 'not like this');
          },
        });
        const app = await openAndWork({ classifier });
        const row = await app.rowIn(await app.ask({ args: [await newMeeting(app)] }), 'failed');
        expect(row).toMatchObject({ attempt: 1, error_code: 'TASK_INVALID', error_message: 'not like this' });
        expect(classifier.calls).toHaveLength(1);
      });

      test('a task may have more retries of its own than MAX_RETRIES', async () => {
        const folder = await makeTaskFolder({
          'stubborn.mjs': `let calls = 0;
export default ({ defineTask, z, complete }) => defineTask({ name: 'stubborn', maxRetries: 4, parameters: z.object({}),
  run: async () => { calls += 1; if (calls < 5) throw new Error('not yet'); return complete({ calls }); } });`,
        });
        const app = await openAndWork({ taskFolders: [folder], settings: { maxRetries: 1 } });
        const row = await app.rowIn(await app.ask({ task: 'stubborn' }), 'completed', 'failed');
        expect(row).toMatchObject({ state: 'completed', attempt: 4, result: { calls: 5 }, delivery: 0 });
      });

      test('an error text with a NUL and half an emoji is noted all the same, and harms no other job', async () => {
        const folder = await makeTaskFolder({
          'odd.mjs': `export default ({ defineTask, z, fail }) => defineTask({ name: 'odd', maxRetries: 0, parameters: z.object({}),
  run: async () => { throw new Error('odd \\u0000 text ' + '\\ud83d' + 'x'.repeat(2000)); } });`,
          'plain.mjs': `export default ({ defineTask, z }) => defineTask({ name: 'plain', maxRetries: 0, parameters: z.object({}),
  run: async () => { throw new Error('plain'); } });`,
        });
        const app = await open({ taskFolders: [folder] });
        const taskIds = [];
        for (const task of ['odd', 'plain', 'odd', 'plain']) taskIds.push(await app.ask({ task }));
        await work(app);
        const rows = await Promise.all(taskIds.map((taskId) => app.rowIn(taskId, 'failed')));
        expect(rows.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
        expect(rows[0]?.error_message).toContain('odd');
      });

      test('a result that PostgreSQL or JSON cannot hold fails its own job only', async () => {
        const folder = await makeTaskFolder({
          'results.mjs': `export default ({ defineTask, z, complete }) => defineTask({ name: 'results', parameters: z.object({ kind: z.string() }),
  run: async ({ kind }) => complete(kind === 'nul' ? { text: 'a\\u0000b' } : kind === 'bigint' ? { id: 1n } : { kind }) });`,
        });
        const app = await open({ taskFolders: [folder] });
        const taskIds = [];
        for (const kind of ['fine', 'nul', 'bigint', 'fine'])
          taskIds.push(await app.ask({ task: 'results', args: [kind] }));
        await work(app);
        const rows = await Promise.all(taskIds.map((taskId) => app.rowIn(taskId, 'completed', 'failed')));
        expect(rows.map(({ state, error_code, attempt }) => [state, error_code, attempt])).toEqual([
          ['completed', null, 0],
          ['failed', 'RESULT_NOT_STORABLE', 1],
          ['failed', 'RESULT_NOT_STORABLE', 1],
          ['completed', null, 0],
        ]);
      });
    });

    describe('time limits', () => {
      test('at the soft limit the signal aborts and the attempt counts as TASK_TIMEOUT', async () => {
        const gate = createGate();
        const classifier = createStubClassifier({ before: ({ signal }) => gate.wait(signal) });
        const app = await openAndWork({ classifier, settings: { taskTimeoutSeconds: 1, maxRetries: 0 } });
        const row = await app.rowIn(await app.ask({ args: [await newMeeting(app)] }), 'failed');
        expect(row).toMatchObject({ error_code: 'TASK_TIMEOUT', attempt: 1 });
        expect(classifier.calls[0]?.signal.aborted).toBe(true);
      });

      test('an attempt that ignores the signal is given up at the limit, and what it answers later changes nothing', async () => {
        const gate = createGate();
        const classifier = createStubClassifier({ before: () => gate.wait() });
        const app = await openAndWork({ classifier, settings: { taskTimeoutSeconds: 1, maxRetries: 0 } });
        const meetingId = await newMeeting(app);
        const taskId = await app.ask({ args: [meetingId] });
        await app.rowIn(taskId, 'failed');
        gate.open();
        const next = await app.ask({ task: 'health_check' });
        await app.rowIn(next, 'completed');
        expect(await readJob(app, taskId)).toMatchObject({ state: 'failed', error_code: 'TASK_TIMEOUT' });
        expect(
          await query(app, 'select 1 from public.meetings_classifications where meeting_id = $1', [meetingId]),
        ).toEqual([]);
      });
    });

    describe('the same work twice', () => {
      test('a meeting that was classified under this input is answered as unchanged', async () => {
        const classifier = createStubClassifier();
        const app = await openAndWork({ classifier });
        const meetingId = await newMeeting(app);
        const first = await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        const second = await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        expect(classifier.calls).toHaveLength(1);
        expect(second.result).toMatchObject({ success: true, unchanged: true, meeting_id: meetingId });
        expect(BigInt(second.run_id!)).toBeGreaterThan(BigInt(first.run_id!));
      });

      test('a forced job is classified again', async () => {
        const classifier = createStubClassifier();
        const app = await openAndWork({ classifier });
        const meetingId = await newMeeting(app);
        await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        await app.rowIn(await app.ask({ args: [meetingId, true] }), 'completed');
        expect(classifier.calls).toHaveLength(2);
      });

      test('an edited transcript, another classifier and another hint of the seller are another input', async () => {
        const classifier = createStubClassifier();
        const app = await openAndWork({ classifier });
        const meetingId = await newMeeting(app);
        await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        await query(app, `update public.meetings set transcript = 'Otra' where id = $1`, [meetingId]);
        await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        await query(
          app,
          `update public.sellers set prompt = 'Vende Iris' from public.meetings m where m.seller_id = sellers.id and m.id = $1`,
          [meetingId],
        );
        await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        expect(classifier.calls.map(({ sellerPrompt }) => sellerPrompt)).toEqual(['', '', 'Vende Iris']);
      });

      test('E5 50 requests at once for one meeting ask a paid classifier once', async () => {
        const gate = createGate();
        const classifier = createStubClassifier({ isPaid: true, before: () => gate.wait() });
        const app = await openAndWork({ classifier }, 50);
        const meetingId = await newMeeting(app);
        const { accepted } = await app.enqueuer.enqueue(
          Array.from({ length: 50 }, () => ({ task: 'classify_meeting', args: [meetingId], origin: 'tests' })),
        );
        await waitFor('the others to step back', () => app.log.named('job.stepped_back').length >= 49);
        gate.open();
        for (const { taskId } of accepted) await app.rowIn(taskId, 'completed');
        expect(classifier.calls).toHaveLength(1);
        const rows = await query<{ unchanged: number; attempts: number; runs: number }>(
          app,
          `select count(*) filter (where result ? 'unchanged')::int as unchanged, sum(attempt)::int as attempts,
             (select count(*)::int from vambe_worker.runs where meeting_id = $1) as runs
           from vambe_worker.jobs where meeting_id = $1`,
          [meetingId],
        );
        expect(rows).toEqual([{ unchanged: 49, attempts: 0, runs: 1 }]);
      });

      test('E5 a task id that is sent twice is done once', async () => {
        const classifier = createStubClassifier();
        const app = await openAndWork({ classifier });
        const [one, two] = await insertMeetings(app.database, ['Uno', 'Dos']);
        const taskId = randomUUID();
        await Promise.all([app.ask({ taskId, args: [one] }), app.ask({ taskId, args: [one] })]);
        await app.rowIn(taskId, 'completed');
        await app.ask({ taskId, args: [one, true] });
        await app.rowIn(await app.ask({ args: [two] }), 'completed');
        expect(classifier.calls.map(({ transcript }) => transcript)).toEqual(['Uno', 'Dos']);
      });

      test('E7 a transcript that is edited while it is read is read again in the same attempt', async () => {
        const app: TestApp = await openAndWork({
          classifier: createStubClassifier({
            async before(_input, call) {
              if (call === 1)
                await query(app, `update public.meetings set transcript = 'Editada' where id = $1`, [meetingId]);
            },
            answer: ({ transcript }) => ({ summary: transcript }),
          }),
        });
        const meetingId = await newMeeting(app);
        const row = await app.rowIn(await app.ask({ args: [meetingId] }), 'completed');
        expect(row.attempt).toBe(0);
        const [stored] = await query(app, 'select summary from public.meetings_classifications where meeting_id = $1', [
          meetingId,
        ]);
        expect(stored).toEqual({ summary: 'Editada' });
      });
    });

    describe('names and files', () => {
      test('a task is found under its alias and recorded under its name', async () => {
        const app = await openAndWork({ classifier: createStubClassifier() });
        const taskId = await app.ask({ task: 'core.tasks.classify_meeting_task', args: [await newMeeting(app)] });
        expect((await app.rowIn(taskId, 'completed')).task).toBe('classify_meeting');
      });

      test('an unknown task and arguments that do not fit are refused before anything is accepted', async () => {
        const app = await open();
        const good = { task: 'health_check', taskId: randomUUID(), origin: 'tests' };
        await expect(app.enqueuer.enqueue([good, { task: 'nope', origin: 'tests' }])).rejects.toMatchObject({
          code: 'TASK_UNKNOWN',
        });
        await expect(app.enqueuer.enqueue([good, { task: 'classify_meeting', origin: 'tests' }])).rejects.toMatchObject(
          {
            code: 'TASK_ARGUMENTS',
            message: "classify_meeting() missing 1 required positional argument: 'meeting_id'",
          },
        );
        expect(await readJob(app, good.taskId)).toBeUndefined();
      });

      test('C6 a parameter that PostgreSQL cannot store is refused in words', async () => {
        const app = await open();
        await expect(app.ask({ args: [1, false, null, 'a\u0000b'] })).rejects.toMatchObject({ code: 'TASK_ARGUMENTS' });
      });

      test('a task file of a folder adds a task', async () => {
        const app = await openAndWork({ taskFolders: [await makeTaskFolder({ 'echo.mjs': echoTask })] });
        const taskId = await app.ask({ task: 'echo', args: ['hola'] });
        expect(await app.rowIn(taskId, 'completed')).toMatchObject({ result: { text: 'hola' } });
        await waitFor(
          'the document',
          async () => (await readDocument(app, `celery-task-meta-${taskId}`))?.status === 'SUCCESS',
        );
      });

      test('a task file replaces a built-in of the same name and the app says so', async () => {
        const folder = await makeTaskFolder({
          'health.mjs': `export default ({ defineTask, z, complete }) => defineTask({ name: 'health_check', parameters: z.object({}), run: () => complete('mine') });`,
        });
        const app = await openAndWork({ taskFolders: [folder] });
        expect(app.log.named('worker.task_replaced')).toMatchObject([{ fields: { task: 'health_check' } }]);
        expect(await app.rowIn(await app.ask({ task: 'health_check' }), 'completed')).toMatchObject({ result: 'mine' });
      });

      test('a handler that returns no outcome fails with a word on what it may return', async () => {
        const folder = await makeTaskFolder({
          'wrong.mjs': `export default ({ defineTask, z }) => defineTask({ name: 'wrong', parameters: z.object({}), run: async () => 42 });`,
        });
        const app = await openAndWork({ taskFolders: [folder] });
        const row = await app.rowIn(await app.ask({ task: 'wrong' }), 'failed');
        expect(row).toMatchObject({ error_code: 'TASK_INVALID', error_message: expect.stringContaining('complete()') });
      });
    });

    describe('stopping and sharing', () => {
      test('A2 a stop within the grace time finishes what runs and takes nothing new', async () => {
        const gate = createGate();
        const app = await open({ classifier: createStubClassifier({ before: () => gate.wait() }) });
        const worker = await work(app, { concurrency: 1 });
        const [running, waiting] = [
          await app.ask({ args: [await newMeeting(app)] }),
          await app.ask({ args: [await newMeeting(app)] }),
        ];
        await waitFor('the first to run', () => gate.waiting === 1);
        const stopped = worker.stop(20_000);
        await waitFor('the stop to be told', () => app.log.named('worker.finishing').length === 1);
        gate.open();
        await stopped;
        expect(await readJob(app, running)).toMatchObject({ state: 'completed', attempt: 0 });
        expect(await readJob(app, waiting)).toMatchObject({ state: 'queued', attempt: 0 });
      });

      test('A2 what is unfinished after the grace time is handed back at once, and another worker finishes it without waiting for a lock', async () => {
        const gate = createGate();
        const classifier = createStubClassifier({
          before: ({ signal }, call) => (call === 1 ? gate.wait(signal) : undefined),
        });
        const app = await open({ classifier });
        const first = await work(app);
        const taskId = await app.ask({ args: [await newMeeting(app)] });
        await waitFor('it to run', () => gate.waiting === 1);
        await first.stop(0);
        expect(await (await bullJobOf(app, taskId))?.getState()).toMatch(/waiting|prioritized/);
        expect(await readJob(app, taskId)).toMatchObject({ state: 'queued', attempt: 0 });
        const other = await open({ classifier, workerName: 'worker@other' });
        await work(other);
        expect(await other.rowIn(taskId, 'completed')).toMatchObject({ worker: 'worker@other', attempt: 0 });
        expect(other.log.named('job.taken_up')).toEqual([]);
      });

      test('two workers share 200 jobs: each is done once', async () => {
        const classifier = createStubClassifier({ before: () => new Promise((resolve) => setImmediate(resolve)) });
        const [one, two] = [
          await open({ classifier, workerName: 'worker@one' }),
          await open({ classifier, workerName: 'worker@two' }),
        ];
        await Promise.all([work(one, { concurrency: 5 }), work(two, { concurrency: 5 })]);
        const ids = await insertMeetings(one.database, manyTranscripts(200));
        const { accepted } = await one.enqueuer.enqueue(
          ids.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'tests' })),
        );
        for (const { taskId } of accepted) await one.rowIn(taskId, 'completed');
        expect(classifier.calls).toHaveLength(200);
        const [row] = await query(
          one,
          'select count(*)::int as stored, count(distinct meeting_id)::int as meetings from vambe_worker.runs where meeting_id = any($1)',
          [ids],
        );
        expect(row).toEqual({ stored: 200, meetings: 200 });
      });

      test('A12 job data of a newer version are put back, not failed', async () => {
        const app = await openAndWork();
        await app.queues.get('default').add('health_check', { id: '1', v: 2 }, { jobId: 'from-the-future' });
        await waitFor('it to be put back', () => app.log.named('job.too_new').length > 0);
        const job = await app.queues.get('default').getJob('from-the-future');
        await waitFor('it to be delayed', async () => (await job?.isDelayed()) === true);
        expect(job?.attemptsMade).toBe(0);
        await job?.remove();
      });

      test('B11 a job of the queue whose row is gone, and one with odd data, disturb nobody', async () => {
        const app = await openAndWork();
        await app.queues.get('default').add('health_check', { id: '999999999', v: 1 }, { jobId: 'no-row' });
        await app.redis.lpush('vambe:default:wait', 'no-such-job');
        await waitFor('the row to be missed', () => app.log.named('job.row_gone').length > 0);
        expect(await app.rowIn(await app.ask({ task: 'health_check' }), 'completed')).toBeDefined();
      });

      test('jobs of a queue that a worker does not take from wait for another one', async () => {
        const app = await open({ classifier: createStubClassifier() });
        await work(app, { queueNames: ['default'] });
        const waits = await app.ask({ args: [await newMeeting(app)] });
        await app.rowIn(await app.ask({ task: 'health_check' }), 'completed');
        expect((await readJob(app, waits))?.state).toBe('queued');
        await work(app, { queueNames: ['classification'] });
        await app.rowIn(waits, 'completed');
      });
    });
  });
}
