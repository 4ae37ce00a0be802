/**
 * What happens to jobs, told from one place. The job row is always written first: each transition that is told here was committed.
 *
 * Two kinds of listeners hear each transition:
 * - *Observers* hear it at once and in the order in which they were added. They must not throw and do their I/O later; one that throws
 *   or whose promise fails is logged, and no job notices.
 * - *Critical listeners* are awaited before the job is acknowledged: they publish results that clients wait for. They start in the
 *   order in which they were added, run side by side, and try again by themselves while their server is away. One that fails all the
 *   same is logged, and the job ends as its row says.
 *
 * After a crash between the row and the acknowledgement the job is delivered again, and the end that its row holds is told once more.
 * So every listener must be idempotent.
 */
import { type AppError, messageOf } from './errors.ts';
import type { CallTerms, JobLedger, JobRequest, TakenJob } from './job-ledger.ts';
import type { Log } from './logger.ts';
import type { CacheEntry } from './outcome.ts';
import type { ProgressStep } from './task.ts';

/** Why a job ended without a result. `revoked`: before it started · `expired`: it started too late · `terminated`: while it ran. */
export type CancelReason = 'revoked' | 'expired' | 'terminated';

/** A job that may have no row: one that was cancelled or rejected on arrival. */
export interface KnownJob {
  readonly taskId: string;
  /** Unset: not known. */
  readonly task?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly subjectId: number | null;
  readonly terms?: Partial<CallTerms> | null;
}

/** A message that cannot be run. */
export interface RejectedJob extends Omit<KnownJob, 'taskId'> {
  /** null: its message has none that could be read. */
  readonly taskId: string | null;
  /** Ids under which clients poll for its status; empty: its own. */
  readonly statusIds: readonly string[];
}

export type Transition =
  /** Its row is committed. */
  | { readonly kind: 'accepted'; readonly job: JobRequest }
  | { readonly kind: 'started'; readonly job: TakenJob }
  | { readonly kind: 'progress'; readonly job: TakenJob; readonly step: ProgressStep }
  /** An attempt failed; another one will follow. */
  | { readonly kind: 'retrying'; readonly job: TakenJob; readonly error: AppError }
  /** Its queue waits; no attempt is counted. */
  | { readonly kind: 'waiting'; readonly job: TakenJob; readonly error: AppError }
  | {
      readonly kind: 'succeeded';
      readonly job: TakenJob;
      readonly result: unknown;
      /** The result as JSON text, made once for all listeners. */
      readonly resultJson: string;
      readonly cache: readonly CacheEntry[];
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly job: TakenJob;
      readonly error: AppError;
      readonly cache: readonly CacheEntry[];
    }
  | { readonly kind: 'cancelled'; readonly job: KnownJob; readonly reason: CancelReason }
  /** It cannot be run and never was a job. */
  | { readonly kind: 'rejected'; readonly job: RejectedJob; readonly error: AppError };

/** Transitions that may be over at once, so that publishing them would say nothing. */
export type Step = Extract<Transition, { kind: 'started' | 'progress' }>;

/** `result` must be JSON. */
export function succeededTransition(
  end: Omit<Extract<Transition, { kind: 'succeeded' }>, 'kind' | 'resultJson'>,
): Extract<Transition, { kind: 'succeeded' }> {
  return { kind: 'succeeded', ...end, resultJson: JSON.stringify(end.result) ?? 'null' };
}

export interface CriticalListener {
  /** For the log. */
  readonly name: string;
  on(transition: Transition): Promise<void> | undefined;
  /** Gives up what cannot be done now; pending calls resolve. */
  stop?(): void;
}

export type Observer = (transition: Transition) => unknown;

export interface Lifecycle {
  /** Tells observers at once; resolves when every critical listener has done its part. Never throws. */
  tell(transition: Transition): Promise<void>;
  /** For one attempt of one job. */
  announcer(): Announcer;
  /** Until the returned function is called. */
  observe(observer: Observer): () => void;
  /** Ends the waiting of critical listeners. */
  stop(): void;
}

/** Accepts jobs, and tells of those that are new before their queue gets them. */
export function acceptAndTell(accept: JobLedger['accept'], { tell }: Pick<Lifecycle, 'tell'>): JobLedger['accept'] {
  return async (requests) => {
    const accepted = await accept(requests);
    for (const [index, { isNew }] of accepted.entries()) {
      const job = requests[index];
      if (isNew && job) void tell({ kind: 'accepted', job });
    }
    return accepted;
  };
}

/** Tells observers of each step at once, and critical listeners of one that is still true after 50 ms. */
export interface Announcer {
  tell(step: Step): void;
  /** What was not told to critical listeners by now is not told any more. */
  stop(): void;
}

const announceAfterMs = 50;
const done = Promise.resolve();

export function createLifecycle({ critical, log }: { critical: readonly CriticalListener[]; log: Log }): Lifecycle {
  const observers = new Set<Observer>();

  const logFailure = (listener: string, { kind, job }: Transition, error: unknown) => {
    log.error('lifecycle.listener_failed', {
      listener,
      transition: kind,
      task_id: job.taskId,
      error: messageOf(error, 300),
    });
  };

  const tellObservers = (transition: Transition) => {
    for (const observer of observers) {
      try {
        const answer = observer(transition);
        if (answer instanceof Promise) answer.catch((error) => logFailure('observer', transition, error));
      } catch (error) {
        logFailure('observer', transition, error);
      }
    }
  };

  const start = ({ name, on }: CriticalListener, transition: Transition): Promise<void> | undefined => {
    try {
      return on(transition)?.catch((error) => logFailure(name, transition, error));
    } catch (error) {
      logFailure(name, transition, error);
      return undefined;
    }
  };
  /** Makes no promise where no listener has something to do, as for each accepted job. */
  const tellCritical = (transition: Transition): Promise<void> => {
    const pending = critical.flatMap((listener) => start(listener, transition) ?? []);
    return pending.length === 0 ? done : Promise.all(pending).then(() => undefined);
  };

  return {
    tell(transition) {
      tellObservers(transition);
      return tellCritical(transition);
    },
    announcer() {
      let timer: NodeJS.Timeout | undefined;
      return {
        tell(step) {
          tellObservers(step);
          clearTimeout(timer);
          timer = setTimeout(() => void tellCritical(step), announceAfterMs);
        },
        stop: () => clearTimeout(timer),
      };
    },
    observe(observer) {
      observers.add(observer);
      return () => observers.delete(observer);
    },
    stop() {
      for (const listener of critical) listener.stop?.();
    },
  };
}
