/** The questions people ask of the job table, and opening ended jobs again, on PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '../../../src/core/connections/database.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { JobLedger, JobRequest } from '../../../src/core/job-ledger.ts';
import { filterStates, isJobCursor } from '../../../src/models/job-filter.ts';
import { createHoldTable } from '../../../src/models/queries/controls.ts';
import { createJobLedger } from '../../../src/models/queries/job-ledger.ts';
import {
  countJobs,
  findJob,
  type JobFilter,
  listJobs,
  mostCounted,
  readJobCalls,
  readJobState,
} from '../../../src/models/queries/jobs.ts';
import { findRetryCandidates, reopenJobs } from '../../../src/models/queries/retry-jobs.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';

let namespace: Namespace;
let database: Database;
let ledger: JobLedger;

const sql = <Row>(text: string, values: readonly unknown[] = []) => database.run<Row>({ name: '', text }, values);

beforeAll(async () => {
  namespace = await createNamespace();
  database = createDatabase({
    url: namespace.postgresUrl,
    poolSize: 4,
    prepared: true,
    applicationName: 'tests',
  });
  ledger = createJobLedger(database);
});

afterAll(async () => {
  await database.close();
  await namespace.close();
});

beforeEach(async () => {
  await sql('truncate vambe_worker.jobs, vambe_worker.audit, vambe_worker.controls');
});

const makeRequest = (taskId: string, more: Partial<JobRequest> = {}): JobRequest => ({
  taskId,
  task: 'classify_meeting',
  queue: 'classification',
  parameters: { meeting_id: 1 },
  subjectId: 1,
  origin: 'tests',
  priority: 1,
  dueAt: null,
  ...more,
});

async function accept(taskId: string, more: Partial<JobRequest> = {}): Promise<string> {
  const [accepted] = await ledger.accept([makeRequest(taskId, more)]);
  return accepted?.rowId ?? '';
}

async function fail(rowId: string, { attempt = 1, dueAt = null }: { attempt?: number; dueAt?: string | null } = {}) {
  await ledger.noteFailures([
    {
      rowId,
      startedAt: '2026-03-01T10:00:00Z',
      attempt,
      code: 'TASK_FAILED',
      message: `attempt ${attempt} failed`,
      dueAt,
      worker: 'worker@one',
    },
  ]);
}

async function complete(rowId: string, result: unknown = { ok: true }) {
  const startedAt = new Date().toISOString();
  await ledger.complete([{ rowId, runId: '7', startedAt, result, worker: 'worker@one' }]);
}

/** One job in each state that the table knows. */
async function acceptOneOfEach() {
  await accept('queued');
  await fail(await accept('retrying'), { dueAt: '2030-01-01T00:00:00Z' });
  await complete(await accept('completed'));
  await fail(await accept('failed'));
  for (const state of ['cancelled', 'rejected'])
    await sql(`update vambe_worker.jobs set state = $2, finished_at = now() where id = $1`, [
      await accept(state),
      state,
    ]);
}

const idsOf = async (filter: JobFilter = {}, running: readonly string[] = []) => {
  const { jobs } = await listJobs(database, { filter, running, limit: 100 });
  return jobs.map((job) => job.task_id);
};

describe('the list of jobs', () => {
  it('has the newest first, a page at a time, without a gap or a repetition', async () => {
    for (let n = 1; n <= 7; n++) await accept(`job ${n}`);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listJobs(database, { filter: {}, running: [], limit: 3, cursor });
      seen.push(...page.jobs.map((job) => job.task_id));
      expect(page.jobs.length).toBeLessThanOrEqual(3);
      cursor = page.nextCursor ?? undefined;
      // What arrives between two pages belongs before the first one.
      await accept(`newcomer ${seen.length}`);
    } while (cursor !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `job ${n}`));
  });

  it('ends without a cursor where the last page is exactly full', async () => {
    for (let n = 1; n <= 4; n++) await accept(`job ${n}`);
    const { jobs, nextCursor } = await listJobs(database, { filter: {}, running: [], limit: 4 });
    expect(jobs).toHaveLength(4);
    expect(nextCursor).toBeNull();
  });

  it('finds the jobs that are waiting for a provider, which are queued otherwise', async () => {
    await acceptOneOfEach();
    const error = new AppError('MODEL_QUOTA', 'the quota is used up');
    await createHoldTable(database).begin({ queue: 'classification', error, until: null, by: 'worker@one' });
    expect((await idsOf({ state: 'waiting' })).sort()).toEqual(['queued', 'retrying']);
  });

  const byRow = filterStates.filter((state) => state !== 'processing' && state !== 'waiting');
  it.each(byRow)('finds the jobs that are %s', async (state) => {
    await acceptOneOfEach();
    expect(await idsOf({ state })).toEqual([state]);
  });

  it('shows an open job that a worker runs as processing, and as nothing else', async () => {
    await acceptOneOfEach();
    const running = ['queued', 'retrying'];
    expect(await idsOf({ state: 'processing' }, running)).toEqual(['retrying', 'queued']);
    expect(await idsOf({ state: 'queued' }, running)).toEqual([]);
    expect(await idsOf({ state: 'retrying' }, running)).toEqual([]);
    const { jobs } = await listJobs(database, { filter: {}, running, limit: 10 });
    expect(jobs.filter((job) => job.state === 'processing')).toHaveLength(2);
  });

  it('believes the table where a worker says it runs what has ended', async () => {
    await acceptOneOfEach();
    expect(await idsOf({ state: 'processing' }, ['completed', 'failed'])).toEqual([]);
    expect(await idsOf({ state: 'completed' }, ['completed'])).toEqual(['completed']);
  });

  it('combines state, task and meeting', async () => {
    await accept('a', { subjectId: 5 });
    await accept('b', { subjectId: 6 });
    await accept('c', { task: 'health_check', queue: 'default', subjectId: null });
    await fail(await accept('d', { subjectId: 5 }));
    expect(await idsOf({ meetingId: 5 })).toEqual(['d', 'a']);
    expect(await idsOf({ task: 'health_check' })).toEqual(['c']);
    expect(await idsOf({ meetingId: 5, state: 'failed', task: 'classify_meeting' })).toEqual(['d']);
    expect(await idsOf({ meetingId: 5, task: 'health_check' })).toEqual([]);
  });

  it('counts attempts and gives times with their zone and durations in milliseconds', async () => {
    const row = await accept('job');
    await fail(row, { attempt: 1, dueAt: '2030-01-01T00:00:00Z' });
    await complete(row);
    await sql(`update vambe_worker.jobs set finished_at = started_at + interval '1.5 seconds'`);
    const [job] = (await listJobs(database, { filter: {}, running: [], limit: 1 })).jobs;
    expect(job).toMatchObject({ attempts: 2, duration_ms: 1_500, error_code: null, worker: 'worker@one' });
    expect(Date.parse(job?.accepted_at ?? '')).toBeCloseTo(Date.now(), -5);
    expect(job?.accepted_at).toMatch(/T.*(Z|[+-]\d\d:\d\d)$/);
  });

  it('serves the lists of open jobs, of failed jobs and of a meeting from an index', async () => {
    // Which index is the better one for a handful of rows is not what is asked.
    const plan = async (condition: string) => {
      const rows = await database.withClient(async (client) => {
        await client.query('begin; set local enable_seqscan = off; set local enable_sort = off');
        const found = await client.query(
          `explain select 1 from vambe_worker.jobs j where ${condition} order by j.id desc limit 5`,
        );
        await client.query('rollback');
        return found.rows;
      });
      return JSON.stringify(rows);
    };
    await sql(`insert into vambe_worker.jobs (task_id, task, queue, origin, state, meeting_id)
      select 'many ' || n, 't', 'q', 'tests', case when n % 100 = 0 then 'failed' else 'completed' end, n from generate_series(1, 5000) n`);
    await sql('analyze vambe_worker.jobs');
    expect(await plan(`j.id < 9223372036854775807 and j.state = 'queued'`)).toContain('jobs_open_index');
    expect(await plan(`j.id < 9223372036854775807 and j.state = 'failed'`)).toContain('jobs_trouble_index');
    expect(await plan('j.id < 9223372036854775807 and j.meeting_id = 7')).toContain('jobs_meeting_id_index');
    expect(await plan('j.id < 9223372036854775807')).toContain('jobs_pkey');
  });
});

describe('a cursor', () => {
  it.each(['1', '42', '9223372036854775807'])('can be %s', (text) => expect(isJobCursor(text)).toBe(true));
  it.each(['', '0', '-1', '1.5', 'abc', '9223372036854775808', '12345678901234567890', "1'; --"])(
    'cannot be "%s"',
    (text) => expect(isJobCursor(text)).toBe(false),
  );
});

describe('one job', () => {
  it('is shown whole', async () => {
    const row = await accept('job', {
      parameters: { meeting_id: 3, force_reprocess: true },
      subjectId: 3,
      priority: 20,
    });
    await fail(row, { dueAt: '2030-01-01T00:00:00.000Z' });
    const job = await findJob(database, { taskId: 'job', running: [] });
    expect(job).toMatchObject({
      row_id: row,
      state: 'retrying',
      parameters: { meeting_id: 3, force_reprocess: true },
      attempts: 1,
      attempt_notes: [{ attempt: 1, code: 'TASK_FAILED', message: 'attempt 1 failed' }],
      error_code: 'TASK_FAILED',
      error_message: 'attempt 1 failed',
      priority: 20,
      delivery: 0,
      changes: [],
    });
    expect(await findJob(database, { taskId: 'job', running: ['job'] })).toMatchObject({
      state: 'processing',
      attempts: 2,
    });
  });

  it('is undefined where there is none, whatever the id holds', async () => {
    for (const taskId of ['', 'nobody', "'; drop table vambe_worker.jobs; --", '%', 'ñ'.repeat(300)])
      expect(await findJob(database, { taskId, running: [] })).toBeUndefined();
    expect(await readJobState(database, 'nobody')).toBeUndefined();
  });

  it('tells its state to whoever waits for it', async () => {
    await fail(await accept('job'));
    expect(await readJobState(database, 'job')).toEqual({
      state: 'failed',
      error_code: 'TASK_FAILED',
      error_message: 'attempt 1 failed',
    });
  });

  it('is found by task id and by row id, once where both name it', async () => {
    const row = await accept('a');
    await complete(await accept('b'));
    const calls = await readJobCalls(database, { taskIds: ['a', 'b', 'nobody'], rowIds: [row, '999999999'] });
    expect(calls.map(({ task_id, is_open }) => [task_id, is_open]).sort()).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });
});

describe('counts', () => {
  it('tell open jobs by queue and jobs in trouble by state', async () => {
    await acceptOneOfEach();
    await accept('other', { queue: 'default' });
    expect(await countJobs(database)).toEqual({
      queued: 2,
      retrying: 1,
      failed: 1,
      cancelled: 1,
      rejected: 1,
      open: { classification: 2, default: 1 },
      retrying_by_code: { TASK_FAILED: 1 },
    });
  });

  it('are zero on an empty table', async () => {
    expect(await countJobs(database)).toMatchObject({ queued: 0, failed: 0, open: {} });
  });

  it('stop one above ten thousand', async () => {
    await sql(
      `insert into vambe_worker.jobs (task_id, task, queue, origin, state)
      select 'many ' || n, 't', 'q', 'tests', 'failed' from generate_series(1, $1::int) n`,
      [mostCounted + 500],
    );
    expect((await countJobs(database)).failed).toBe(mostCounted + 1);
  });
});

describe('retry', () => {
  const reopen = async (...taskIds: string[]) => {
    const jobs = await findRetryCandidates(database, taskIds);
    return reopenJobs(database, { jobs, actor: 'cli:ana', reason: 'seller corrected it' });
  };

  it('opens a failed job again: next delivery, no attempts counted, its history kept', async () => {
    const row = await accept('job', { priority: 4 });
    await fail(row, { attempt: 1, dueAt: '2030-01-01T00:00:00Z' });
    await fail(row, { attempt: 2 });
    const before = await findJob(database, { taskId: 'job', running: [] });
    expect(await reopen('job')).toEqual([
      {
        rowId: row,
        task: 'classify_meeting',
        queue: 'classification',
        delivery: 1,
        priority: 4,
        failedAttempts: 0,
        dueAt: null,
      },
    ]);
    const after = await findJob(database, { taskId: 'job', running: [] });
    expect(after).toMatchObject({
      state: 'queued',
      delivery: 1,
      error_code: null,
      error_message: null,
      worker: null,
      due_at: null,
      started_at: null,
      finished_at: null,
    });
    expect(after?.attempt_notes).toEqual(before?.attempt_notes);
    const [counter] = await sql<{ attempt: number }>('select attempt from vambe_worker.jobs');
    expect(counter?.attempt).toBe(0);
  });

  it('keeps an error that the attempts do not end with', async () => {
    const row = await accept('job');
    await fail(row, { attempt: 1, dueAt: '2030-01-01T00:00:00Z' });
    await sql(
      `update vambe_worker.jobs set state = 'failed', error_code = 'JOB_POISONED', error_message = 'killed its worker', finished_at = now()`,
    );
    await reopen('job');
    const job = await findJob(database, { taskId: 'job', running: [] });
    expect(job?.attempt_notes.map(({ code, message }) => [code, message])).toEqual([
      ['TASK_FAILED', 'attempt 1 failed'],
      ['JOB_POISONED', 'killed its worker'],
    ]);
  });

  it('opens a cancelled job again', async () => {
    await acceptOneOfEach();
    expect(await reopen('cancelled')).toHaveLength(1);
    expect(await findJob(database, { taskId: 'cancelled', running: [] })).toMatchObject({
      state: 'queued',
      attempt_notes: [],
    });
  });

  it('leaves open, completed and rejected jobs as they are, without an audit row', async () => {
    await acceptOneOfEach();
    const untouched = ['queued', 'retrying', 'completed', 'rejected'];
    const rows = () => sql(`select * from vambe_worker.jobs where task_id = any($1) order by id`, [untouched]);
    const before = await rows();
    expect(await reopen(...untouched, 'nobody')).toEqual([]);
    expect(await rows()).toEqual(before);
    expect(await sql('select 1 from vambe_worker.audit')).toEqual([]);
  });

  it('is won by one of many who try at once', async () => {
    await fail(await accept('job'));
    const jobs = await findRetryCandidates(database, ['job']);
    const tries = Array.from({ length: 6 }, () => reopenJobs(database, { jobs, actor: 'cli:ana', reason: null }));
    expect((await Promise.all(tries)).flat()).toHaveLength(1);
    expect(await sql('select 1 from vambe_worker.audit')).toHaveLength(1);
    expect(await findJob(database, { taskId: 'job', running: [] })).toMatchObject({ delivery: 1 });
  });

  it('does nothing to a job that was opened and failed again since it was looked at', async () => {
    const row = await accept('job');
    await fail(row);
    const old = await findRetryCandidates(database, ['job']);
    await reopen('job');
    await fail(row);
    expect(await reopenJobs(database, { jobs: old, actor: 'cli:ana', reason: null })).toEqual([]);
  });

  it('writes who did it and why, shown with the job', async () => {
    await fail(await accept('job'));
    await reopen('job');
    const job = await findJob(database, { taskId: 'job', running: [] });
    expect(job?.changes).toMatchObject([
      {
        actor: 'cli:ana',
        action: 'retry',
        before: { state: 'failed', delivery: 0, error_code: 'TASK_FAILED' },
        after: { state: 'queued', delivery: 1 },
        reason: 'seller corrected it',
      },
    ]);
  });

  it('lets the job run and complete with its attempts counted from one', async () => {
    const row = await accept('job');
    await fail(row);
    await reopen('job');
    await fail(row, { attempt: 1, dueAt: '2030-01-01T00:00:00Z' });
    await complete(row);
    expect(await findJob(database, { taskId: 'job', running: [] })).toMatchObject({ state: 'completed', attempts: 3 });
  });
});
