/** Tells job events of what is published: whoever writes a document of a job also knows what happened to it. */
import type { Clock } from './clock.ts';
import type { JobEvents } from './job-events.ts';
import type { TakenJob } from './job-ledger.ts';
import type { ResultBackend } from './results.ts';

/** The same backend; a listener hears of each document before it is written. */
export function tellResults(results: ResultBackend, events: JobEvents, clock: Clock): ResultBackend {
  const startedMs = new WeakMap<TakenJob, number>();
  // The consumer says so itself: the document of a job that is over at once is never written.
  events.listen((event) => {
    if (event.kind === 'started') startedMs.set(event.job, clock.monotonicMs());
  });
  return {
    ...results,
    retrying(job, error) {
      events.emit({ kind: 'retried', job, error });
      return results.retrying(job, error);
    },
    succeeded(job, result, cache, children) {
      const nowMs = clock.monotonicMs();
      events.emit({ kind: 'succeeded', job, result, runtimeMs: nowMs - (startedMs.get(job) ?? nowMs) });
      return results.succeeded(job, result, cache, children);
    },
    failed(job, error, cache) {
      events.emit({ kind: 'failed', job, error });
      return results.failed(job, error, cache);
    },
    revoked(job, reason = 'revoked') {
      events.emit({ kind: 'revoked', job, reason });
      return results.revoked(job, reason);
    },
  };
}
