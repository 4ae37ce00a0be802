/** One attempt of one job: find its task, run the handler within its time limits, name the outcome. No I/O of its own. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { TakenJob } from '../job-ledger.ts';
import type { Log } from '../logger.ts';
import { asOutcome, closed, fail, handBack, type Outcome, outcomeOfError, retry } from '../outcome.ts';
import type { ProgressStep, TaskContext, TaskRegistry } from '../task.ts';

/** Why a signal of a running job was aborted; `cancelled`: by a person, who has closed its row already. */
export const abortReasons = {
  stopping: 'stopping',
  lockLost: 'lock-lost',
  softLimit: 'soft-limit',
  cancelled: 'cancelled',
} as const;

export interface RunRequest {
  readonly job: TakenJob;
  readonly services: unknown;
  readonly signal: AbortController;
  readonly log: Log;
  readonly softLimitMs: number;
  readonly hardLimitMs: number;
  progress(step: ProgressStep): void;
  takeAgain(): Promise<TakenJob>;
}

/** Never throws: every way to end is an outcome. Attempts left are looked at by whoever settles it. */
export async function runJob(registry: TaskRegistry, request: RunRequest): Promise<Outcome> {
  const { job, signal: controller } = request;
  let name = job.task;
  try {
    const task = registry.find(job.task);
    name = task.name;
    const context: TaskContext = {
      services: request.services,
      job,
      attempt: job.failedAttempts + 1,
      signal: controller.signal,
      log: request.log,
      progress: request.progress,
      takeAgain: request.takeAgain,
    };
    const value = await withinLimits(() => task.run(job.parameters, context), request);
    return asOutcome(name, value);
  } catch (error) {
    return controller.signal.aborted ? outcomeOfAbort(controller.signal, request) : outcomeOfError(name, error);
  }
}

function outcomeOfAbort(signal: AbortSignal, { job, softLimitMs }: RunRequest): Outcome {
  switch (signal.reason) {
    case abortReasons.softLimit:
      return retry(
        new AppError('TASK_TIMEOUT', `Task "${job.task}" took longer than ${softLimitMs / 1000} s and was stopped.`),
      );
    case abortReasons.stopping:
    case abortReasons.lockLost:
      return handBack();
    case abortReasons.cancelled:
      return closed('cancelled');
    default:
      return fail(new AppError('TASK_FAILED', `Task "${job.task}" was cancelled.`));
  }
}

/** The soft limit aborts the signal; the hard one gives up waiting for a handler that does not listen. */
async function withinLimits<T>(work: () => Promise<T>, { signal, softLimitMs, hardLimitMs }: RunRequest): Promise<T> {
  let giveUp: (reason: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  givenUp.catch(() => undefined);
  let timer = setTimeout(() => {
    signal.abort(abortReasons.softLimit);
    timer = setTimeout(() => giveUp(new Error('hard limit')), hardLimitMs - softLimitMs);
  }, softLimitMs);
  // A job that is to be handed back or cancelled is not waited for: whoever ignores the signal may write nothing later.
  const onAbort = () =>
    signal.signal.reason !== abortReasons.softLimit && giveUp(new Error(String(signal.signal.reason)));
  signal.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.signal.aborted) onAbort();
    return await Promise.race([work(), givenUp]);
  } finally {
    clearTimeout(timer);
    signal.signal.removeEventListener('abort', onAbort);
  }
}

/** How long anything took, on the monotonic clock. */
export function stopwatch(clock: Clock): () => number {
  const startMs = clock.monotonicMs();
  return () => Math.max(0, clock.monotonicMs() - startMs);
}
