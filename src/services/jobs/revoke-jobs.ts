/** Ends waiting jobs that were revoked by remote control: out of the queue first, so that what runs is left alone, then the row. */
import type { Database } from '../../core/connections/database.ts';
import type { Lifecycle } from '../../core/lifecycle.ts';
import { removeFromQueue } from '../../core/queue/cancellations.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { cancelOpenJobs } from '../../models/queries/operations.ts';
import { findRetryCandidates } from '../../models/queries/retry-jobs.ts';

export interface RevokeDeps {
  readonly database: Database;
  readonly queues: Queues;
  readonly lifecycle: Pick<Lifecycle, 'tell'>;
}

/**
 * Gives back the ids that it ended. Those that no row has, that run or have ended are left out; every worker is told and tries, and
 * one of them does it. @throws AppError DATABASE_*, REDIS_*
 */
export async function revokeWaitingJobs(deps: RevokeDeps, taskIds: readonly string[]): Promise<readonly string[]> {
  const jobs = (await findRetryCandidates(deps.database, taskIds)).flatMap(({ row_id, task_id, state, ...job }) =>
    state === 'queued' || state === 'retrying' ? [{ ...job, rowId: row_id, taskId: task_id }] : [],
  );
  const found = await removeFromQueue(deps.queues, jobs);
  const waiting = jobs.filter((_job, index) => found[index] === 'removed').map(({ taskId }) => taskId);
  if (waiting.length > 0) await endRevoked(deps, waiting);
  return waiting;
}

/** Rows of running jobs, closed before their handlers are stopped: what those still do is not saved. */
export async function closeTerminatedJobs({ database }: RevokeDeps, taskIds: readonly string[]): Promise<void> {
  await cancelOpenJobs(database, { taskIds, actor: 'celery', reason: 'terminated by remote control' });
}

async function endRevoked({ database, lifecycle }: RevokeDeps, taskIds: readonly string[]): Promise<void> {
  const ended = await cancelOpenJobs(database, { taskIds, actor: 'celery', reason: 'revoked by remote control' });
  await Promise.all(
    ended.map(({ task_id, parameters, meeting_id }) =>
      lifecycle.tell({
        kind: 'cancelled',
        job: { taskId: task_id, parameters, subjectId: meeting_id },
        reason: 'revoked',
      }),
    ),
  );
}
