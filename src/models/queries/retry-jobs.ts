/** Opens ended jobs again. */
import type { Database, Statement } from '../../core/connections/database.ts';
import type { JobState, OpenJob } from '../../core/job-ledger.ts';

export interface RetryCandidate {
  readonly row_id: string;
  readonly task_id: string;
  readonly task: string;
  readonly queue: string;
  readonly state: JobState;
  readonly delivery: number;
  /** A Celery message that was set aside when it arrived: not a job yet. */
  readonly is_message: boolean;
  /** Its follow-up messages could not be sent. */
  readonly has_unsent: boolean;
}

/** Of `vambe_worker.jobs j`. */
export const candidateColumns = `j.id::text as row_id, j.task_id, j.task, j.queue, j.state, j.delivery, coalesce(j.message ? 'raw', false) as is_message,
  coalesce(j.message ? 'unsent', false) as has_unsent`;

const candidatesStatement: Statement = {
  name: 'jobs_retry_candidates',
  text: `select ${candidateColumns} from vambe_worker.jobs j where j.task_id = any($1::text[])`,
};

/** The present state of jobs, for `reopenJobs`; unknown ids are left out. */
export async function findRetryCandidates(
  database: Database,
  taskIds: readonly string[],
): Promise<readonly RetryCandidate[]> {
  return database.run<RetryCandidate>(candidatesStatement, [taskIds]);
}

interface ReopenedRow {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly delivery: number;
  readonly priority: number;
}

/**
 * Compares and increments `delivery`, so that only one of two concurrent retries wins. The list of attempts only grows: an error
 * that is not its last entry yet (of a poisoned or cancelled job) is added before the columns are cleared.
 */
const reopenStatement: Statement = {
  name: 'jobs_reopen',
  text: `
with input as (
  select * from jsonb_to_recordset($1) as t(id bigint, delivery int)
), before as (
  select j.* from vambe_worker.jobs j join input i on i.id = j.id and i.delivery = j.delivery
  where j.state in ('failed', 'cancelled') for update of j
), reopened as (
  update vambe_worker.jobs j
  set state = 'queued', delivery = b.delivery + 1, delivered_at = now(), attempt = 0, due_at = null,
      started_at = null, finished_at = null, worker = null, run_id = null, result = null, error_code = null, error_message = null,
      message = case when b.message ? 'expiresAt' then (b.message - 'unsent') || '{"expiresAt": null}' else b.message end,
      attempts = b.attempts || case
        when b.error_code is null or (b.attempts->-1->>'code' = b.error_code and b.attempts->-1->>'message' is not distinct from b.error_message)
        then '[]'::jsonb
        else jsonb_build_object('attempt', b.attempt, 'at', coalesce(b.started_at, b.finished_at, b.accepted_at),
          'code', b.error_code, 'message', coalesce(b.error_message, ''), 'due_at', null) end
  from before b where j.id = b.id
  returning j.id, j.task, j.queue, j.delivery, j.priority
), noted as (
  insert into vambe_worker.audit (actor, action, object, before, after, reason)
  select $2::text, 'retry', 'job:' || b.task_id,
    jsonb_build_object('state', b.state, 'delivery', b.delivery, 'attempt', b.attempt, 'error_code', b.error_code),
    jsonb_build_object('state', 'queued', 'delivery', b.delivery + 1, 'attempt', 0), $3::text
  from before b order by b.id
)
select id::text, task, queue, delivery, priority from reopened order by id`,
};

/**
 * Reopens failed and cancelled jobs and writes an audit row for each, in one statement. Returns the jobs that this call reopened,
 * ready for their queues. Others (open, completed, rejected, or reopened by another call) stay unchanged.
 */
export async function reopenJobs(
  database: Database,
  request: {
    jobs: readonly Pick<RetryCandidate, 'row_id' | 'delivery'>[];
    actor: string;
    reason: string | null;
  },
): Promise<readonly OpenJob[]> {
  const input = request.jobs.map(({ row_id, delivery }) => ({ id: row_id, delivery }));
  const rows = await database.run<ReopenedRow>(reopenStatement, [JSON.stringify(input), request.actor, request.reason]);
  return rows.map(({ id, task, queue, delivery, priority }) => ({
    rowId: id,
    task,
    queue,
    delivery,
    priority,
    failedAttempts: 0,
    dueAt: null,
  }));
}
