/** Publishes the end of a job from its row: whoever ended the row may have died before its documents were written. */
import { AppError, isErrorCode } from '../errors.ts';
import type { EndState, JobLedger, TakenJob } from '../job-ledger.ts';
import type { CacheEntry } from '../outcome.ts';
import { isPublished, type ReadResultStates } from '../result-states.ts';
import type { ResultBackend } from '../results.ts';

/** Of a job whose row has ended. Does nothing where its documents say so already: follow-ups are not sent a second time. */
export type PublishEnded = (job: TakenJob) => Promise<void>;

export interface PublishEndedDeps {
  readonly ledger: Pick<JobLedger, 'resultOf' | 'failureOf'>;
  readonly results: Pick<ResultBackend, 'succeeded' | 'failed' | 'revoked'>;
  readStates: ReadResultStates;
  /** What else clients read of the result, as it is in the tables now. */
  cacheOf(job: TakenJob): Promise<readonly CacheEntry[]>;
}

export function createPublishEnded({ ledger, results, readStates, cacheOf }: PublishEndedDeps): PublishEnded {
  const publish: Partial<Record<EndState, PublishEnded>> = {
    async completed(job) {
      const result = await ledger.resultOf(job.taskId);
      if (result !== undefined) await results.succeeded(job, result, await cacheOf(job));
    },
    async failed(job) {
      const failure = await ledger.failureOf(job.taskId);
      if (failure) await results.failed(job, asAppError(failure), []);
    },
    cancelled: (job) => results.revoked(job),
  };
  return async (job) => {
    const { state, taskId, parameters, terms } = job;
    if (state === 'queued' || state === 'retrying') return;
    const [found] = await readStates([{ taskId, apiTaskId: parameters.api_task_id }]);
    if (found && isPublished({ state, ignoresResult: terms?.ignoresResult === true }, found)) return;
    await publish[state]?.(job);
  };
}

/** A failure as its row tells it; codes of another version are kept in words. */
function asAppError({ code, message }: { code: string; message: string }): AppError {
  return isErrorCode(code) ? new AppError(code, message) : new AppError('TASK_FAILED', `${code}: ${message}`);
}
