/**
 * Announces the transitions of jobs to listeners. The job row is always written first: each announced transition is committed.
 *
 * There are two kinds of listeners:
 * - *Observers* are called at once, in the order in which they were added. They must not throw, and do their I/O later. If one throws
 *   or its promise rejects, that is logged and no job is affected.
 * - *Critical listeners* are awaited before the job is acknowledged: they publish results that clients wait for. They start in the
 *   order in which they were added, run concurrently, and retry by themselves while their server is unreachable. If one still fails,
 *   that is logged, and the job ends as its row says.
 *
 * After a crash between the commit and the acknowledgement the job is delivered again, and its end is announced again.
 * So every listener must be idempotent.
 */
import { type AppError, messageOf } from './errors.ts';
import type { CallTerms, JobLedger, JobRequest, TakenJob } from './job-ledger.ts';
import type { Log } from './log/logger.ts';
import type { CacheEntry } from './outcome.ts';
import type { ProgressStep } from './task.ts';

/** Why a job ended without a result. `revoked`: before it started · `expired`: it started too late · `terminated`: while it ran. */
export type CancelReason = 'revoked' | 'expired' | 'terminated';

/** A job that may have no row, because it was cancelled or rejected when it arrived. */
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
  /** null: its message has no readable id. */
  readonly taskId: string | null;
  /** Ids under which clients poll for its status; empty: only its own id. */
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
      /** The result as JSON text, serialized once for all listeners. */
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
  /** A message that cannot be run and did not become a job. */
  | { readonly kind: 'rejected'; readonly job: RejectedJob; readonly error: AppError };

/** Transitions that may last only a moment; publishing those would be useless. */
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
  /** Abandons calls that cannot finish now; pending calls resolve. */
  stop?(): void;
}

export type Observer = (transition: Transition) => unknown;

export interface Lifecycle {
  /** Calls observers at once; resolves when every critical listener has finished. Never throws. */
  tell(transition: Transition): Promise<void>;
  /** For one attempt of one job. */
  announcer(): Announcer;
  /** Until the returned function is called. */
  observe(observer: Observer): () => void;
  /** Stops the retries of critical listeners. */
  stop(): void;
}

/** Accepts jobs, and announces the new ones before they are added to their queue. */
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

/** Announces each step to observers at once, and to critical listeners if it still applies after 50 ms. */
export interface Announcer {
  tell(step: Step): void;
  /** Steps that critical listeners have not heard of yet are dropped. */
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
  /** Creates no promise where no listener needs one, because that happens for each accepted job. */
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
