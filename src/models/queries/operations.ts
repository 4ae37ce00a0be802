/** Lists jobs by filter, page by page, and does what people ask for: cancel jobs, send messages and follow-ups again. */
import type { Database } from '../../core/connections/database.ts';
import type { CallTerms, UnsentFollowUp } from '../../core/job-ledger.ts';
import { type FilterTerm, largestRowId, type TextKey } from '../job-filter.ts';
import { type JobPage, type JobSummary, stateCondition, summaryColumns } from './jobs.ts';
import { candidateColumns, type RetryCandidate } from './retry-jobs.ts';

const textColumns: Readonly<Record<TextKey, string>> = {
  id: 'j.task_id',
  task: 'j.task',
  queue: 'j.queue',
  origin: 'j.origin',
  worker: 'j.worker',
  error: 'j.error_code',
};

interface Condition {
  readonly text: string;
  /** The first one is the list of running task ids, which states need. */
  readonly values: readonly unknown[];
}

/** `running` is always $1 and always used, because PostgreSQL cannot infer the type of an unused parameter. */
function toCondition(terms: readonly FilterTerm[], running: readonly string[]): Condition {
  const values: unknown[] = [running];
  const next = (value: unknown, type: string) => `$${values.push(value)}::${type}`;
  const texts = terms.map((term) => {
    switch (term.key) {
      case 'state': {
        const any = `(${term.values.map((state) => `(${stateCondition(state)})`).join(' or ')})`;
        return term.isNot ? `not ${any}` : any;
      }
      case 'meeting':
        return member('j.meeting_id', next(term.values, 'int[]'), term.isNot);
      case 'accepted':
      case 'started':
      case 'finished':
        return `j.${term.key}_at ${term.operator} ${next(term.at, 'timestamptz')}`;
      default:
        return member(textColumns[term.key], next(term.values, 'text[]'), term.isNot);
    }
  });
  return { text: ['$1::text[] is not null', ...texts].join(' and '), values };
}

/** A null column equals none of the values, so a negated term includes it. */
function member(column: string, list: string, isNot: boolean): string {
  return isNot ? `(${column} is null or ${column} <> all(${list}))` : `${column} = any(${list})`;
}

/** As `listJobs`, by filter. The SQL text depends on the terms, so these statements are not prepared (they have no name). */
export async function listJobsWhere(
  database: Database,
  page: { terms: readonly FilterTerm[]; running: readonly string[]; limit: number; cursor?: string },
): Promise<JobPage> {
  const { text, values } = toCondition(page.terms, page.running);
  const at = values.length;
  const statement = `select ${summaryColumns} from vambe_worker.jobs j
where j.id < $${at + 1}::bigint and ${text} order by j.id desc limit $${at + 2}::int`;
  const rows = await database.run<JobSummary>({ name: '', text: statement }, [
    ...values,
    page.cursor ?? largestRowId,
    page.limit + 1,
  ]);
  const jobs = rows.slice(0, page.limit);
  return { jobs, nextCursor: rows.length > page.limit ? (jobs.at(-1)?.row_id ?? null) : null };
}

export interface Selection {
  readonly terms: readonly FilterTerm[];
  readonly running: readonly string[];
  /** Only jobs that allow the action: open jobs can be cancelled, ended jobs can be retried. */
  readonly eligible: 'open' | 'retriable';
}

const eligibleStates: Readonly<Record<Selection['eligible'], string>> = {
  open: `j.state in ('queued', 'retrying')`,
  retriable: `j.state in ('failed', 'cancelled', 'rejected')`,
};

export interface SelectionCount {
  readonly count: number;
  /** Oldest first, ten at most. */
  readonly firstTaskIds: readonly string[];
  /** Jobs that are accepted later are not counted and not changed. */
  readonly lastRowId: string;
}

/** The exact number of jobs that an action would affect. */
export async function countSelection(database: Database, selection: Selection): Promise<SelectionCount> {
  const { text, values } = toCondition(selection.terms, selection.running);
  const statement = `
with chosen as materialized (
  select j.id, j.task_id from vambe_worker.jobs j where ${eligibleStates[selection.eligible]} and ${text}
)
select (select count(*)::int from chosen) as count, (select coalesce(max(id), 0)::text from chosen) as last_row_id,
  (select coalesce(json_agg(task_id order by id), '[]') from (select * from chosen order by id limit 10) f) as first_task_ids`;
  const [row] = await database.run<{ count: number; last_row_id: string; first_task_ids: string[] }>(
    { name: '', text: statement },
    values,
  );
  return { count: row?.count ?? 0, firstTaskIds: row?.first_task_ids ?? [], lastRowId: row?.last_row_id ?? '0' };
}

/** Oldest first; the next page begins after the last row id of this one. */
export async function listSelection(
  database: Database,
  selection: Selection,
  page: { afterRowId: string; lastRowId: string; limit: number },
): Promise<readonly RetryCandidate[]> {
  const { text, values } = toCondition(selection.terms, selection.running);
  const at = values.length;
  const statement = `
select ${candidateColumns} from vambe_worker.jobs j
where ${eligibleStates[selection.eligible]} and ${text} and j.id > $${at + 1}::bigint and j.id <= $${at + 2}::bigint
order by j.id limit $${at + 3}::int`;
  return database.run<RetryCandidate>({ name: '', text: statement }, [
    ...values,
    page.afterRowId,
    page.lastRowId,
    page.limit,
  ]);
}

// ---------------------------------------------------------------- cancel

export interface CancelledJob {
  readonly row_id: string;
  readonly task_id: string;
  readonly queue: string;
  readonly delivery: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly meeting_id: number | null;
}

/** Locks rows in the order of their ids, so that two cancellations cannot deadlock. */
const cancelText = `
with before as (
  select j.* from vambe_worker.jobs j where j.task_id = any($1::text[]) and j.state in ('queued', 'retrying')
  order by j.id for update of j
), ended as (
  update vambe_worker.jobs j set state = 'cancelled', finished_at = now(), started_at = null, due_at = null
  from before b where j.id = b.id
  returning j.id, j.task_id, j.queue, j.delivery, j.parameters, j.meeting_id
), noted as (
  insert into vambe_worker.audit (actor, action, object, before, after, reason)
  select $2::text, 'cancel', 'job:' || b.task_id, jsonb_build_object('state', b.state, 'attempt', b.attempt),
    jsonb_build_object('state', 'cancelled'), $3::text
  from before b order by b.id
)
select id::text as row_id, task_id, queue, delivery, parameters, meeting_id from ended order by id`;

/**
 * Cancels open jobs and writes an audit row for each, in one statement. Returns the jobs that this call cancelled. A worker that
 * runs one of them finds its row closed and saves nothing.
 */
export async function cancelOpenJobs(
  database: Database,
  { taskIds, actor, reason }: { taskIds: readonly string[]; actor: string; reason: string | null },
): Promise<readonly CancelledJob[]> {
  return database.run<CancelledJob>({ name: 'jobs_cancel', text: cancelText }, [taskIds, actor, reason]);
}

// ---------------------------------------------------------------- messages set aside

/** A message as it was received. */
export interface ReceivedMessage {
  readonly row_id: string;
  readonly list: string;
  readonly encoding: 'utf8' | 'base64';
  readonly raw: string;
  readonly is_cut: boolean;
}

const receivedText = `
select id::text as row_id, message->>'list' as list, message->>'encoding' as encoding, message->>'raw' as raw,
  (message->>'is_cut')::boolean as is_cut
from vambe_worker.jobs where id = any($1::bigint[]) and state in ('rejected', 'cancelled') and message ? 'raw' order by id`;

/** Messages that were set aside, oldest first. */
export async function readReceived(database: Database, rowIds: readonly string[]): Promise<readonly ReceivedMessage[]> {
  return database.run<ReceivedMessage>({ name: 'jobs_received', text: receivedText }, [rowIds]);
}

const sentAgainText = `
with before as (
  select j.* from vambe_worker.jobs j where j.id = any($1::bigint[]) and j.state in ('rejected', 'cancelled') order by j.id for update of j
), ended as (
  update vambe_worker.jobs j set state = 'cancelled' from before b where j.id = b.id
)
insert into vambe_worker.audit (actor, action, object, before, after, reason)
select $2::text, 'retry', 'job:' || b.task_id, jsonb_build_object('state', b.state, 'error_code', b.error_code),
  jsonb_build_object('state', 'sent again'), $3::text
from before b order by b.id`;

/** Notes that messages are back in their lists. Their rows stay as history; the new jobs get new rows. */
export async function noteSentAgain(
  database: Database,
  { rowIds, actor, reason }: { rowIds: readonly string[]; actor: string; reason: string | null },
): Promise<void> {
  await database.run({ name: 'jobs_sent_again', text: sentAgainText }, [rowIds, actor, reason]);
}

// ---------------------------------------------------------------- follow-ups

/** An ended job whose follow-up messages could not be sent. */
export interface UnsentRow {
  readonly row_id: string;
  readonly terms: CallTerms;
  readonly unsent: readonly UnsentFollowUp[];
}

const unsentText = `
select id::text as row_id, message as terms, message->'unsent' as unsent
from vambe_worker.jobs where id = any($1::bigint[]) and message ? 'unsent' order by id`;

export async function readUnsentFollowUps(
  database: Database,
  rowIds: readonly string[],
): Promise<readonly UnsentRow[]> {
  return database.run<UnsentRow>({ name: 'jobs_unsent', text: unsentText }, [rowIds]);
}

const followUpsSentText = `
with before as (
  select j.* from vambe_worker.jobs j where j.id = $1::bigint for update of j
), noted as (
  update vambe_worker.jobs j
  set message = case when $2::jsonb = '[]' then b.message - 'unsent' else jsonb_set(b.message, '{unsent}', $2::jsonb) end,
    error_code = case when $2::jsonb = '[]' and b.error_code = 'FOLLOW_UP_UNSENT' then null else b.error_code end,
    error_message = case when $2::jsonb = '[]' and b.error_code = 'FOLLOW_UP_UNSENT' then null else b.error_message end
  from before b where j.id = b.id
)
insert into vambe_worker.audit (actor, action, object, before, after, reason)
select $3::text, 'retry', 'job:' || b.task_id, jsonb_build_object('unsent', jsonb_array_length(b.message->'unsent')),
  jsonb_build_object('unsent', jsonb_array_length($2::jsonb)), $4::text
from before b`;

/** `left`: the follow-ups that still could not be sent. */
export async function noteFollowUpsSent(
  database: Database,
  request: { rowId: string; left: readonly UnsentFollowUp[]; actor: string; reason: string | null },
): Promise<void> {
  const { rowId, left, actor, reason } = request;
  const values = [rowId, JSON.stringify(left), actor, reason];
  await database.run({ name: 'jobs_follow_ups_sent', text: followUpsSentText }, values);
}

// ---------------------------------------------------------------- queues

export interface QueueRows {
  readonly queue: string;
  /** Open rows that are due and that no worker runs. */
  readonly waiting: number;
  /** Open rows that are due later. */
  readonly later: number;
  readonly oldest_waiting_at: string | null;
  /** Counting stops at 10,001. */
  readonly failed: number;
}

const queueRowsText = `
with open as (
  select queue, count(*) filter (where is_due)::int as waiting, count(*) filter (where not is_due)::int as later,
    min(accepted_at) filter (where is_due) as oldest
  from (
    select j.queue, j.accepted_at, coalesce(j.due_at <= now(), true) as is_due
    from vambe_worker.jobs j where j.state in ('queued', 'retrying') and j.task_id <> all($1::text[])
  ) o group by queue
), failed as (
  select queue, count(*)::int as failed
  from (select j.queue from vambe_worker.jobs j where j.state = 'failed' limit 10001) f group by queue
)
select queue, coalesce(o.waiting, 0) as waiting, coalesce(o.later, 0) as later,
  to_json(o.oldest)#>>'{}' as oldest_waiting_at, coalesce(f.failed, 0) as failed
from open o full join failed f using (queue) order by queue`;

/** Counts of the job table for each queue with open or failed rows. `running`: task ids that workers run now. */
export async function readQueueRows(database: Database, running: readonly string[]): Promise<readonly QueueRows[]> {
  return database.run<QueueRows>({ name: 'queue_rows', text: queueRowsText }, [running]);
}
