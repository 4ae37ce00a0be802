/** Publishes the end of a job from its row: the worker that ended the row may have died before its documents were written. */
import { AppError, isErrorCode } from '../errors.ts';
import type { EndedJob, EndState, JobLedger, TakenJob } from '../job-ledger.ts';
import { type Lifecycle, succeededTransition, type Transition } from '../lifecycle.ts';
import type { CacheEntry } from '../outcome.ts';

/** What the documents of a job that has ended say now. */
export interface Published {
  /** They say how the row ended. */
  readonly isPublished: boolean;
  /**
   * They say that the job still runs, so that a client would wait for it. A document that is missing is no proof, as clients forget
   * results, and results expire.
   */
  readonly saysRunning: boolean;
}

export type PublishedJob = Pick<EndedJob, 'taskId' | 'apiTaskId' | 'state' | 'ignoresResult'>;

/** One answer for each job, in order. @throws what the Redis client throws while Redis does not answer */
export type ReadPublished = (jobs: readonly PublishedJob[]) => Promise<readonly Published[]>;

/** Of a job whose row has ended. Does nothing where its documents say so already: follow-ups are not sent a second time. */
export type PublishEnded = (job: TakenJob) => Promise<void>;

export interface PublishEndedDeps {
  readonly ledger: Pick<JobLedger, 'resultOf' | 'failureOf'>;
  readonly lifecycle: Pick<Lifecycle, 'tell'>;
  readonly readPublished: ReadPublished;
  /** What else clients read of the result, as it is in the tables now. */
  cacheOf(job: TakenJob): Promise<readonly CacheEntry[]>;
}

export function createPublishEnded(deps: PublishEndedDeps): PublishEnded {
  return async (job) => {
    const { state, taskId, parameters, terms } = job;
    if (state === 'queued' || state === 'retrying') return;
    const apiTaskId = typeof parameters.api_task_id === 'string' ? parameters.api_task_id : null;
    const ended = { taskId, apiTaskId, state, ignoresResult: terms?.ignoresResult === true };
    const [found] = await deps.readPublished([ended]);
    if (found?.isPublished) return;
    const transition = await endOf(deps, job, state);
    if (transition) await deps.lifecycle.tell(transition);
  };
}

/** undefined: the row does not say how it ended, or it never was a job. */
async function endOf(
  { ledger, cacheOf }: PublishEndedDeps,
  job: TakenJob,
  state: EndState,
): Promise<Transition | undefined> {
  switch (state) {
    case 'completed': {
      const result = await ledger.resultOf(job.taskId);
      if (result === undefined) return undefined;
      return succeededTransition({ job, result, cache: await cacheOf(job), durationMs: 0 });
    }
    case 'failed': {
      const failure = await ledger.failureOf(job.taskId);
      return failure && { kind: 'failed', job, error: asAppError(failure), cache: [] };
    }
    case 'cancelled':
      return { kind: 'cancelled', job, reason: 'revoked' };
    case 'rejected':
      return undefined;
  }
}

/** A failure as its row tells it; the code of another version is kept in the message. */
function asAppError({ code, message }: { code: string; message: string }): AppError {
  return isErrorCode(code) ? new AppError(code, message) : new AppError('TASK_FAILED', `${code}: ${message}`);
}
