/** One attempt of one job: find its task, run the handler within its time limits, name the outcome. No I/O of its own. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { TakenJob } from '../job-ledger.ts';
import type { Log } from '../log/logger.ts';
import { startTimer } from '../long-timer.ts';
import { asOutcome, type Complete, closed, fail, type Outcome, outcomeOfError, requeue, retry } from '../outcome.ts';
import type { TimeLimits } from '../runtime-overrides.ts';
import type { AttemptLimits, ProgressStep, TaskContext, TaskRegistry } from '../task.ts';

/** Why a signal of a running job was aborted; `cancelled`: by a person, who has closed its row already. */
export const abortReasons = {
  stopping: 'stopping',
  lockLost: 'lock-lost',
  softLimit: 'soft-limit',
  hardLimit: 'hard-limit',
  cancelled: 'cancelled',
} as const;

export interface RunRequest {
  readonly job: TakenJob;
  readonly services: unknown;
  readonly signal: AbortController;
  readonly log: Log;
  readonly softLimitMs: number;
  readonly hardLimitMs: number;
  /** What remote control set in place of both, by task. */
  timeLimitsOf?(task: string): TimeLimits | undefined;
  progress(step: ProgressStep): void;
  takeAgain(): Promise<TakenJob>;
  /**
   * Told of a handler that ended its row itself after it was given up: the row is committed, so its result has to be published,
   * also after the job's lock was lost. Other late results are discarded.
   */
  onLateEnd?(outcome: Complete): void;
}

interface Limits {
  readonly softMs: number;
  readonly hardMs: number;
  /** The sender's: running into one is the end, whereas after one of ours the job is retried. */
  readonly isEnd: boolean;
}

/** Ends the wait for a handler that ignored the soft limit. */
const hardLimitReached = new Error('hard limit');

/** Never throws: every way to end is an outcome. Whether attempts are left is the concern of settle-job.ts. */
export async function runJob(registry: TaskRegistry, request: RunRequest): Promise<Outcome> {
  const { job, signal: controller } = request;
  let limits = limitsOf(request, {});
  let name = job.task;
  try {
    const task = registry.find(job.task);
    name = task.name;
    limits = limitsOf(request, task.timeLimit);
    const context: TaskContext = {
      services: request.services,
      job,
      attempt: job.failedAttempts + 1,
      signal: controller.signal,
      log: request.log,
      progress: request.progress,
      takeAgain: request.takeAgain,
    };
    const value = await withinLimits(() => task.run(job.parameters, context), {
      controller,
      limits,
      onLate: (late) => tellLateEnd(asOutcome(name, late), request),
    });
    return asOutcome(name, value);
  } catch (error) {
    if (!controller.signal.aborted) return outcomeOfError(name, error);
    const reason: unknown = error === hardLimitReached ? abortReasons.hardLimit : controller.signal.reason;
    return outcomeOfAbort(reason, job.task, limits);
  }
}

function tellLateEnd(outcome: Outcome, { onLateEnd }: RunRequest): void {
  if (outcome.kind === 'complete' && outcome.isRecorded) onLateEnd?.(outcome);
}

/** The message's own limits go before those of remote control, these before the task's, these before the settings; the shorter of two counts. */
function limitsOf({ job, softLimitMs, hardLimitMs, timeLimitsOf }: RunRequest, own: AttemptLimits): Limits {
  const override = timeLimitsOf?.(job.task);
  const soft = job.terms?.softLimitMs ?? override?.softMs ?? null;
  const hard = job.terms?.hardLimitMs ?? override?.hardMs ?? null;
  const isEnd = soft !== null || hard !== null;
  const hardMs = hard ?? own.hardMs ?? Math.max(hardLimitMs, own.softMs ?? 0);
  return { softMs: Math.min(soft ?? own.softMs ?? softLimitMs, hardMs), hardMs, isEnd };
}

function outcomeOfAbort(reason: unknown, task: string, { softMs, hardMs, isEnd }: Limits): Outcome {
  switch (reason) {
    case abortReasons.softLimit:
    case abortReasons.hardLimit:
      if (isEnd) return fail(limitError(task, reason === abortReasons.hardLimit ? hardMs : softMs, reason));
      return retry(new AppError('TASK_TIMEOUT', `Task "${task}" took longer than ${softMs / 1000} s and was stopped.`));
    case abortReasons.stopping:
    case abortReasons.lockLost:
      return requeue();
    case abortReasons.cancelled:
      return closed('cancelled');
    default:
      return fail(new AppError('TASK_FAILED', `Task "${task}" was cancelled.`));
  }
}

function limitError(task: string, limitMs: number, reason: unknown): AppError {
  const [code, kind] =
    reason === abortReasons.hardLimit
      ? (['TASK_HARD_LIMIT', 'time_limit'] as const)
      : (['TASK_SOFT_LIMIT', 'soft_time_limit'] as const);
  const seconds = limitMs / 1000;
  return new AppError(code, `Task "${task}" took longer than the ${kind} of ${seconds} s that it was sent with.`, {
    details: { seconds },
  });
}

interface Bounds<T> {
  readonly controller: AbortController;
  readonly limits: Limits;
  /** Gets the result of a handler that ended after its time limit; that result is not used. */
  onLate(value: T): void;
}

/** The soft limit aborts the signal; the hard one gives up waiting for a handler that does not listen. */
async function withinLimits<T>(
  work: () => Promise<T>,
  { controller, limits: { softMs, hardMs }, onLate }: Bounds<T>,
): Promise<T> {
  const { signal } = controller;
  let giveUp: (reason: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  givenUp.catch(() => undefined);
  // A sender may name a limit of any length.
  let stopTimer = startTimer(softMs, () => {
    controller.abort(softMs < hardMs ? abortReasons.softLimit : abortReasons.hardLimit);
    stopTimer = startTimer(hardMs - softMs, () => giveUp(hardLimitReached));
  });
  // A job that is requeued or cancelled is not waited for: what a handler that ignores the signal answers later is discarded.
  const onAbort = () => signal.reason !== abortReasons.softLimit && giveUp(new Error(String(signal.reason)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const working = work();
  try {
    return await Promise.race([working, givenUp]);
  } catch (error) {
    // Does nothing where the work itself failed.
    working.then(onLate, () => undefined);
    throw error;
  } finally {
    stopTimer();
    signal.removeEventListener('abort', onAbort);
  }
}

/** How long anything took, on the monotonic clock. */
export function stopwatch(clock: Clock): () => number {
  const startMs = clock.monotonicMs();
  return () => Math.max(0, clock.monotonicMs() - startMs);
}
