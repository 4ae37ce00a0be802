/**
 * The job ledger on PostgreSQL. Each statement handles many jobs and has a name, so that it is planned once per connection. Ids
 * are also passed as an array, because the planner then always uses the index, for any size of the table.
 */
import type { Database, Statement } from '../../core/connections/database.ts';
import type {
  AcceptedJob,
  CallTerms,
  CompletedJob,
  FailedAttempt,
  JobLedger,
  JobRequest,
  JobState,
  SetAside,
  TakenJob,
} from '../../core/job-ledger.ts';
import type { EmptyLabel } from '../classification-columns.ts';
import type { MeetingSubject } from '../meeting-subject.ts';
import { readResult, readStandingResult } from './classifications.ts';
import { createRecoveryQueries } from './job-recovery.ts';

export interface LedgerOptions {
  /** What results hold for a label without a value; unset: null. */
  readonly emptyLabel?: EmptyLabel;
}

export function createJobLedger(
  database: Database,
  { emptyLabel = null }: LedgerOptions = {},
): JobLedger<MeetingSubject> {
  return {
    accept: (requests) => accept(database, requests),
    async take(rowIds) {
      const rows = await database.runLoosely<TakeRow>(takeStatement, [rowIds]);
      const byId = new Map(rows.map((row) => [row.id, row]));
      return rowIds.map((id) => {
        const row = byId.get(id);
        return row && toTakenJob(row);
      });
    },
    async complete(jobs) {
      const values = [JSON.stringify(jobs.map(toCompleteInput)), jobs.map(({ rowId }) => rowId)];
      const rows = await database.run<{ id: string }>(completeStatement, values);
      return jobs.map(({ rowId }) => rows.some(({ id }) => id === rowId));
    },
    async noteFailures(attempts) {
      const values = [JSON.stringify(attempts.map(toFailInput)), attempts.map(({ rowId }) => rowId)];
      const rows = await database.run<{ id: string }>(failStatement, values);
      return attempts.map(({ rowId }) => rows.some(({ id }) => id === rowId));
    },
    async cancel(rowId, { code, message }) {
      await database.run(cancelStatement, [rowId, code, message]);
    },
    async setAside(requests) {
      // One statement cannot write the same row twice.
      const unique = new Map(requests.map((each) => [each.taskId, each]));
      await database.run(setAsideStatement, [JSON.stringify([...unique.values()].map(toSetAsideInput))]);
    },
    async noteUnsent(taskId, unsent) {
      await database.run(unsentStatement, [taskId, JSON.stringify(unsent), unsent.code, unsent.message]);
    },
    async markIsolated(rowId) {
      await database.run(aloneStatement, [rowId]);
    },
    async resultOf(taskId) {
      const [row] = await database.run<{ result: unknown; meeting_id: number | null }>(resultStatement, [taskId]);
      if (!row) return undefined;
      if (row.result !== null || row.meeting_id === null) return readResult(row.result, emptyLabel);
      return readStandingResult(database, row.meeting_id, emptyLabel);
    },
    async failureOf(taskId) {
      const [row] = await database.run<{ code: string; message: string }>(failureStatement, [taskId]);
      return row;
    },
    ...createRecoveryQueries(database),
  };
}

// ---------------------------------------------------------------- accept

const acceptStatement: Statement = {
  name: 'job_accept',
  text: `
with input as (
  select * from jsonb_to_recordset($1) as t(n int, task_id text, task text, queue text, parameters jsonb, meeting_id int, origin text, priority int, due_at timestamptz, message jsonb, attempt int)
), fresh as (
  insert into vambe_worker.jobs (task_id, task, queue, parameters, meeting_id, origin, priority, due_at, message, attempt)
  select task_id, task, queue, parameters, meeting_id, origin, priority, due_at, message, coalesce(attempt, 0) from input order by n
  on conflict (task_id) do nothing
  returning id, task_id
)
select i.n, coalesce(f.id, j.id)::text as id, f.id is not null as is_new, coalesce(j.delivery, 0) as delivery
from input i
left join fresh f on f.task_id = i.task_id
left join vambe_worker.jobs j on j.task_id = i.task_id and j.task_id = any($2::text[])
order by i.n`,
};

interface AcceptRow {
  readonly n: number;
  readonly id: string | null;
  readonly is_new: boolean;
  readonly delivery: number;
}

async function accept(database: Database, requests: readonly JobRequest[]): Promise<readonly AcceptedJob[]> {
  const input = requests.map((request, n) => ({
    n,
    task_id: request.taskId,
    task: request.task,
    queue: request.queue,
    parameters: request.parameters,
    meeting_id: request.subjectId,
    origin: request.origin,
    priority: request.priority,
    due_at: request.dueAt,
    message: request.terms ?? undefined,
    attempt: request.failedAttempts,
  }));
  const taskIds = requests.map(({ taskId }) => taskId);
  for (;;) {
    const rows = await database.run<AcceptRow>(acceptStatement, [JSON.stringify(input), taskIds]);
    const accepted = rows.flatMap(({ n, id, is_new, delivery }) =>
      id === null ? [] : [{ rowId: id, taskId: input[n]?.task_id ?? '', delivery, isNew: is_new }],
    );
    // A row that another session committed meanwhile conflicts, but is not in this statement's snapshot. The next try sees it.
    if (accepted.length === requests.length) return accepted;
  }
}

// ---------------------------------------------------------------- take

/**
 * Writes nothing except the sequence, which orders starts; now() cannot, because it is equal within a batch and depends on the
 * server's clock. `prompt` has no table name on purpose: it is the column of sellers, or null where an older database lacks the
 * column. PostgreSQL resolves it again when a migration of the API adds it. Reading it from to_jsonb(s) takes 15 µs per meeting.
 */
const takeStatement: Statement = {
  name: 'job_take',
  text: `
select j.id::text, j.task_id, j.task, j.queue, j.parameters, j.meeting_id, j.origin, j.state, j.attempt, j.alone, j.message,
  nextval('vambe_worker.runs_id_seq')::text as run_id, now()::text as started_at,
  (extract(epoch from now() - j.accepted_at) * 1000)::float8 as age_ms,
  m.id as found_meeting_id, m.transcript, c.name as client_name, s.name as seller_name,
  s.prompt as seller_prompt, cur.input_hash
from vambe_worker.jobs j
left join public.meetings m on m.id = j.meeting_id
left join public.clients c on c.id = m.client_id
cross join (select null::text as prompt) without_column
left join lateral (select s.name, prompt from public.sellers s where s.id = m.seller_id) s on true
left join vambe_worker.current cur on cur.meeting_id = j.meeting_id
where j.id = any($1::bigint[])`,
};

interface TakeRow {
  readonly id: string;
  readonly task_id: string;
  readonly task: string;
  readonly queue: string;
  readonly parameters: Record<string, unknown>;
  readonly meeting_id: number | null;
  readonly origin: string;
  readonly state: JobState;
  readonly attempt: number;
  readonly alone: boolean;
  readonly message: CallTerms | null;
  readonly run_id: string;
  readonly started_at: string;
  readonly age_ms: number;
  readonly found_meeting_id: number | null;
  readonly transcript: string | null;
  readonly client_name: string | null;
  readonly seller_name: string | null;
  readonly seller_prompt: string | null;
  readonly input_hash: string | null;
}

function toTakenJob(row: TakeRow): TakenJob<MeetingSubject> {
  return {
    rowId: row.id,
    taskId: row.task_id,
    task: row.task,
    queue: row.queue,
    parameters: row.parameters,
    subjectId: row.meeting_id,
    origin: row.origin,
    state: row.state,
    failedAttempts: row.attempt,
    runId: row.run_id,
    startedAt: row.started_at,
    terms: row.message,
    isIsolated: row.alone,
    ageMs: row.age_ms,
    subject:
      row.found_meeting_id === null
        ? null
        : {
            meetingId: row.found_meeting_id,
            transcript: row.transcript,
            clientName: row.client_name,
            sellerName: row.seller_name,
            sellerPrompt: row.seller_prompt,
            currentInputHash: row.input_hash,
          },
  };
}

// ---------------------------------------------------------------- ends

const completeStatement: Statement = {
  name: 'job_complete',
  text: `
update vambe_worker.jobs j
set state = 'completed', result = i.result, run_id = i.run_id, started_at = i.started_at, finished_at = now(), worker = i.worker,
    error_code = null, error_message = null, due_at = null
from jsonb_to_recordset($1) as i(id bigint, run_id bigint, started_at timestamptz, result jsonb, worker text)
where j.id = i.id and j.id = any($2::bigint[]) and (j.state in ('queued', 'retrying') or (j.state = 'completed' and j.run_id = i.run_id))
returning j.id::text`,
};

function toCompleteInput({ rowId, runId, startedAt, result, worker }: CompletedJob) {
  return { id: rowId, run_id: runId, started_at: startedAt, result: result ?? null, worker };
}

const failStatement: Statement = {
  name: 'job_note_failure',
  text: `
update vambe_worker.jobs j
set state = case when i.due_at is null then 'failed' else 'retrying' end, attempt = i.attempt, attempts = j.attempts || i.note,
    error_code = i.code, error_message = i.message, started_at = i.started_at, worker = i.worker, due_at = i.due_at,
    delivered_at = now(), finished_at = case when i.due_at is null then now() end
from jsonb_to_recordset($1) as i(id bigint, attempt int, note jsonb, code text, message text, started_at timestamptz, worker text, due_at timestamptz)
where j.id = i.id and j.id = any($2::bigint[]) and j.state in ('queued', 'retrying')
returning j.id::text`,
};

function toFailInput({ rowId, startedAt, attempt, code, message, dueAt, worker }: FailedAttempt) {
  const note = { attempt, at: startedAt, code, message, due_at: dueAt };
  return { id: rowId, attempt, note, code, message, started_at: startedAt, worker, due_at: dueAt };
}

const cancelStatement: Statement = {
  name: 'job_cancel',
  text: `
update vambe_worker.jobs set state = 'cancelled', finished_at = now(), due_at = null, error_code = $2, error_message = $3
where id = $1::bigint and state in ('queued', 'retrying')`,
};

/** A message that is set aside twice (it was sent again in between) keeps its one row. */
const setAsideStatement: Statement = {
  name: 'job_set_aside',
  text: `
insert into vambe_worker.jobs as j (task_id, task, queue, origin, state, error_code, error_message, message, finished_at)
select task_id, task, queue, 'celery', state, code, words, received, now()
from jsonb_to_recordset($1) as t(task_id text, task text, queue text, state text, code text, words text, received jsonb)
on conflict (task_id) do update
set state = excluded.state, error_code = excluded.error_code, error_message = excluded.error_message,
    accepted_at = now(), finished_at = now()
where j.state = 'cancelled' and j.origin = 'celery' and excluded.state = 'rejected'`,
};

function toSetAsideInput({ taskId, task, queue, state, code, message, received }: SetAside) {
  return { task_id: taskId, task, queue, state, code, words: message, received };
}

/** Lists show this error, unless the job has another one. */
const unsentStatement: Statement = {
  name: 'job_note_unsent',
  text: `
update vambe_worker.jobs
set message = jsonb_set(message, '{unsent}', coalesce(message->'unsent', '[]') || $2::jsonb),
  error_code = coalesce(error_code, $3), error_message = coalesce(error_message, $4)
where task_id = $1 and message ? 'wire'`,
};

const aloneStatement: Statement = {
  name: 'job_mark_alone',
  text: 'update vambe_worker.jobs set alone = true where id = $1::bigint',
};

const resultStatement: Statement = {
  name: 'job_result',
  text: `select result, meeting_id from vambe_worker.jobs where task_id = $1 and state = 'completed'`,
};

const failureStatement: Statement = {
  name: 'job_failure',
  text: `select error_code as code, error_message as message from vambe_worker.jobs where task_id = $1 and state = 'failed'`,
};
