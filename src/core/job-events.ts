/** What happens to jobs in this process, told to whoever listens: Celery's events and remote control. Costs nothing unheard. */
import type { AppError } from './errors.ts';
import type { JobRequest, TakenJob } from './job-ledger.ts';

export type JobEvent =
  /** Accepted from a Celery list. */
  | { readonly kind: 'received'; readonly job: JobRequest }
  | { readonly kind: 'started'; readonly job: TakenJob }
  | { readonly kind: 'succeeded'; readonly job: TakenJob; readonly result: unknown; readonly runtimeMs: number }
  | { readonly kind: 'failed'; readonly job: EventSubject; readonly error: AppError }
  | { readonly kind: 'retried'; readonly job: TakenJob; readonly error: AppError }
  | {
      readonly kind: 'revoked';
      readonly job: EventSubject;
      /** `terminated`: while it ran. */
      readonly reason: 'revoked' | 'expired' | 'terminated';
    }
  /** Not run and not told to the sender; no message of ours goes back by this. */
  | { readonly kind: 'rejected'; readonly job: EventSubject };

/** A job may have no row yet when it is refused on arrival. */
export interface EventSubject {
  readonly taskId: string;
  /** Its task, where that is known. */
  readonly task?: string;
}

export interface JobEvents {
  emit(event: JobEvent): void;
  /** Calls back until the returned function is called. A listener must not throw, and does its I/O later. */
  listen(listener: (event: JobEvent) => void): () => void;
}

export function createJobEvents(): JobEvents {
  const listeners = new Set<(event: JobEvent) => void>();
  return {
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
