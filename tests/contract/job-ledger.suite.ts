/** What core/ expects of a job ledger, whatever server it stands on. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/core/connections/database.ts';
import type { JobLedger, JobRequest } from '../../src/core/job-ledger.ts';
import type { MeetingSubject } from '../../src/models/meeting-subject.ts';
import { createJobLedger } from '../../src/models/queries/job-ledger.ts';
import { insertMeetings } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';

function makeRequest(partial: Partial<JobRequest> = {}): JobRequest {
  return {
    taskId: randomUUID(),
    task: 'classify_meeting',
    queue: 'classification',
    parameters: { meeting_id: 1 },
    subjectId: null,
    origin: 'tests',
    priority: 1,
    dueAt: null,
    ...partial,
  };
}

export function describeJobLedger(servers: string): void {
  describe(`job ledger on ${servers}`, () => {
    let namespace: Namespace;
    let database: Database;
    /** A second caller with connections of its own. */
    let otherDatabase: Database;
    let ledger: JobLedger<MeetingSubject>;
    let other: JobLedger<MeetingSubject>;

    beforeAll(async () => {
      namespace = await createNamespace();
      const open = () =>
        createDatabase({ url: namespace.postgresUrl, poolSize: 4, prepared: true, applicationName: 'tests' });
      [database, otherDatabase] = [open(), open()];
      ledger = createJobLedger(database);
      other = createJobLedger(otherDatabase);
    });
    afterAll(async () => {
      await Promise.all([database?.close(), otherDatabase?.close()]);
      await namespace?.close();
    });

    const acceptOne = async (partial: Partial<JobRequest> = {}) => {
      const [accepted] = await ledger.accept([makeRequest(partial)]);
      return accepted!;
    };
    const takeOne = async (rowId: string) => (await ledger.take([rowId]))[0]!;
    const openIds = async () =>
      (await ledger.listOpen({ afterRowId: '0', limit: 10_000, olderThanMs: null })).map(({ rowId }) => rowId);

    test('accepts requests in order, each with a row and an answer of its own', async () => {
      const requests = Array.from({ length: 250 }, () => makeRequest());
      const accepted = await ledger.accept(requests);
      expect(accepted.map(({ taskId }) => taskId)).toEqual(requests.map(({ taskId }) => taskId));
      expect(accepted.every(({ isNew, delivery }) => isNew && delivery === 0)).toBe(true);
      const ids = accepted.map(({ rowId }) => BigInt(rowId));
      expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
    });

    test('accepts nothing for no requests', async () => {
      expect(await ledger.accept([])).toEqual([]);
    });

    test('E5 answers a task id that was accepted before with its row, and changes nothing in it', async () => {
      const first = await acceptOne({ taskId: 'text-of-celery', parameters: { meeting_id: 7 } });
      const again = await acceptOne({ taskId: 'text-of-celery', parameters: { meeting_id: 8 }, queue: 'default' });
      expect(again).toEqual({ ...first, isNew: false });
      expect(await takeOne(first.rowId)).toMatchObject({ parameters: { meeting_id: 7 }, queue: 'classification' });
    });

    test('E5 accepts a task id that comes twice in one batch once', async () => {
      const twin = makeRequest();
      const [first, middle, second] = await ledger.accept([twin, makeRequest(), twin]);
      expect(second?.rowId).toBe(first?.rowId);
      expect(middle?.rowId).not.toBe(first?.rowId);
      const [{ count }] = (await database.run(
        { name: '', text: 'select count(*)::int from vambe_worker.jobs where task_id = $1' },
        [twin.taskId],
      )) as [{ count: number }];
      expect(count).toBe(1);
    });

    test('E5 gives 100 simultaneous callers of one task id the same row, and to one of them as new', async () => {
      const twin = makeRequest();
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_each, index) => (index % 2 ? ledger : other).accept([twin])),
      );
      const flat = answers.flat();
      expect(new Set(flat.map(({ rowId }) => rowId)).size).toBe(1);
      expect(flat.filter(({ isNew }) => isNew)).toHaveLength(1);
    });

    test('takes a job with its meeting, client and seller', async () => {
      const [subjectId] = await insertMeetings(database, [{ transcript: 'Hola', sellerPrompt: 'Vende Iris' }]);
      const { rowId, taskId } = await acceptOne({ subjectId, parameters: { meeting_id: subjectId } });
      const job = await takeOne(rowId);
      expect(job).toMatchObject({ rowId, taskId, state: 'queued', failedAttempts: 0, subjectId, origin: 'tests' });
      expect(job.subject).toEqual({
        meetingId: subjectId,
        transcript: 'Hola',
        clientName: 'Clínica Sonrisa',
        sellerName: 'Ana Pérez',
        sellerPrompt: 'Vende Iris',
        currentInputHash: null,
      });
      expect(job.ageMs).toBeGreaterThanOrEqual(0);
      expect(Number.isNaN(Date.parse(job.startedAt))).toBe(false);
    });

    test('takes a job without a meeting, and one whose meeting is gone, without a subject', async () => {
      const jobs = await ledger.accept([makeRequest(), makeRequest({ subjectId: 2_000_000_000 })]);
      const taken = await ledger.take(jobs.map(({ rowId }) => rowId));
      expect(taken.map((job) => job?.subject)).toEqual([null, null]);
    });

    test('takes in the order asked for, and answers undefined for a row that is gone', async () => {
      const [a, b] = await ledger.accept([makeRequest(), makeRequest()]);
      const taken = await ledger.take([b!.rowId, '9007199254740993', a!.rowId]);
      expect(taken.map((job) => job?.rowId)).toEqual([b!.rowId, undefined, a!.rowId]);
    });

    test('draws a higher run id with each take, over connections too', async () => {
      const { rowId } = await acceptOne();
      const runIds: bigint[] = [];
      for (let round = 0; round < 20; round++) {
        const [job] = await (round % 2 ? ledger : other).take([rowId]);
        runIds.push(BigInt(job!.runId));
      }
      expect(runIds.every((id, index) => index === 0 || id > runIds[index - 1]!)).toBe(true);
      const batch = await ledger.take(
        (await ledger.accept([makeRequest(), makeRequest(), makeRequest()])).map((each) => each.rowId),
      );
      expect(new Set(batch.map((job) => job?.runId)).size).toBe(3);
    });

    test('completes an open row, says yes to the same completion again, and no to another run', async () => {
      const { rowId, taskId } = await acceptOne();
      const first = await takeOne(rowId);
      const second = await takeOne(rowId);
      const end = (job: typeof first, result: unknown) => ({
        rowId,
        runId: job.runId,
        startedAt: job.startedAt,
        result,
        worker: 'worker@tests',
      });
      expect(await ledger.complete([end(first, { value: 1 })])).toEqual([true]);
      expect(await ledger.complete([end(first, { value: 1 })])).toEqual([true]);
      expect(await ledger.complete([end(second, { value: 2 })])).toEqual([false]);
      expect(await ledger.resultOf(taskId)).toEqual({ value: 1 });
      expect((await takeOne(rowId)).state).toBe('completed');
    });

    test('gives no result of a job that did not complete, nor of an unknown one', async () => {
      const { taskId } = await acceptOne();
      expect(await ledger.resultOf(taskId)).toBeUndefined();
      expect(await ledger.resultOf('unknown')).toBeUndefined();
    });

    const note = (rowId: string, partial: { attempt: number; dueAt: string | null; code?: string }) => ({
      rowId,
      startedAt: new Date().toISOString(),
      code: 'TASK_FAILED',
      message: 'it broke',
      worker: 'worker@tests',
      ...partial,
    });

    test('notes a failed attempt that is tried again, then the last one', async () => {
      const { rowId } = await acceptOne();
      const dueAt = '2030-01-01T00:00:00.000Z';
      expect(await ledger.noteFailures([note(rowId, { attempt: 1, dueAt })])).toEqual([true]);
      expect(await takeOne(rowId)).toMatchObject({ state: 'retrying', failedAttempts: 1 });
      const page = await ledger.listOpen({ afterRowId: String(BigInt(rowId) - 1n), limit: 1, olderThanMs: null });
      expect(page[0]).toMatchObject({ rowId, failedAttempts: 1 });
      expect(new Date(page[0]!.dueAt!).toISOString()).toBe(dueAt);

      expect(await ledger.noteFailures([note(rowId, { attempt: 2, dueAt: null, code: 'TASK_TIMEOUT' })])).toEqual([
        true,
      ]);
      expect((await takeOne(rowId)).state).toBe('failed');
      const [row] = await database.run<Record<string, unknown>>(
        { name: '', text: 'select attempts, error_code, finished_at, due_at from vambe_worker.jobs where id = $1' },
        [rowId],
      );
      expect(row).toMatchObject({ error_code: 'TASK_TIMEOUT', due_at: null, finished_at: expect.any(Date) });
      expect(row?.attempts).toMatchObject([
        { attempt: 1, code: 'TASK_FAILED', due_at: expect.stringContaining('2030-01-01') },
        { attempt: 2, code: 'TASK_TIMEOUT', due_at: null },
      ]);
    });

    test('refuses to note a failure of a row that has ended, beside one that it notes', async () => {
      const [ended, open] = await ledger.accept([makeRequest(), makeRequest()]);
      const job = await takeOne(ended!.rowId);
      await ledger.complete([{ rowId: job.rowId, runId: job.runId, startedAt: job.startedAt, result: 1, worker: 'w' }]);
      const noted = await ledger.noteFailures([
        note(ended!.rowId, { attempt: 1, dueAt: null }),
        note(open!.rowId, { attempt: 1, dueAt: null }),
      ]);
      expect(noted).toEqual([false, true]);
      expect((await takeOne(ended!.rowId)).state).toBe('completed');
    });

    test('lists open rows by page in the order of their ids, and no ended one', async () => {
      const accepted = await ledger.accept(Array.from({ length: 7 }, () => makeRequest({ queue: 'paged' })));
      await ledger.noteFailures([note(accepted[3]!.rowId, { attempt: 1, dueAt: null })]);
      const found: string[] = [];
      for (let afterRowId = String(BigInt(accepted[0]!.rowId) - 1n); ; ) {
        const page = await ledger.listOpen({ afterRowId, limit: 2, olderThanMs: null });
        found.push(...page.map(({ rowId }) => rowId));
        if (page.length < 2) break;
        afterRowId = page.at(-1)!.rowId;
      }
      expect(found).toEqual(accepted.map(({ rowId }) => rowId).filter((_id, index) => index !== 3));
      expect((await ledger.countOpen()).paged).toBe(6);
    });

    test('counts age from the last delivery: a row that was just delivered again is not stale', async () => {
      const { rowId, delivery } = await acceptOne();
      await database.run(
        {
          name: '',
          text: `update vambe_worker.jobs set accepted_at = now() - interval '1 hour', delivered_at = now() - interval '1 hour' where id = $1`,
        },
        [rowId],
      );
      const isStale = async () =>
        (await ledger.listOpen({ afterRowId: '0', limit: 10_000, olderThanMs: 25_000 })).some(
          (each) => each.rowId === rowId,
        );
      expect(await isStale()).toBe(true);
      expect(await ledger.redeliver([{ rowId, delivery }])).toHaveLength(1);
      expect(await isStale()).toBe(false);
      expect(await openIds()).toContain(rowId);
    });

    test('B4 delivers each row again for one of two sweeps at once', async () => {
      const accepted = await ledger.accept(Array.from({ length: 200 }, () => makeRequest()));
      const [first, second] = await Promise.all([ledger.redeliver(accepted), other.redeliver(accepted)]);
      const won = [...first, ...second];
      expect(won).toHaveLength(200);
      expect(new Set(won.map(({ rowId }) => rowId)).size).toBe(200);
      expect(won.every(({ delivery }) => delivery === 1)).toBe(true);
    });

    test('gives back what came from a Celery list and nobody began, the most urgent first, and forgets it', async () => {
      const queue = `q-${randomUUID()}`;
      const terms = {
        ...{ expiresAt: null, softLimitMs: null, hardLimitMs: null, ignoresResult: false },
        ...{ groupId: null, parentId: null, rootId: null, wire: { list: 'celery', raw: 'text' } },
      };
      const accept = (partial: Partial<JobRequest>) => acceptOne({ queue, origin: 'celery', terms, ...partial });
      const later = await accept({ dueAt: '2099-01-01T00:00:00Z' });
      const plain = await accept({ priority: 4 });
      const urgent = await accept({ priority: 1 });
      const begun = await accept({});
      await ledger.noteFailures([note(begun.rowId, { attempt: 1, dueAt: '2099-01-01T00:00:00Z' })]);
      await acceptOne({ queue, origin: 'cli' });
      const found = await ledger.listUntouched([queue], 10);
      expect(found.map(({ rowId }) => rowId)).toEqual([urgent, plain, later].map(({ rowId }) => rowId));
      expect(found[0]).toMatchObject({ queue, delivery: 0, list: 'celery', raw: 'text' });
      expect(await ledger.withdraw([plain.rowId, begun.rowId])).toEqual([plain.rowId]);
      expect(await accept({ taskId: plain.taskId })).toMatchObject({ isNew: true });
    });

    test('delivers no ended row again', async () => {
      const { rowId, delivery } = await acceptOne();
      await ledger.noteFailures([note(rowId, { attempt: 1, dueAt: null })]);
      expect(await ledger.redeliver([{ rowId, delivery }])).toEqual([]);
    });
  });
}
