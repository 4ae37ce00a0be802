/** Notices that this process stood still: a blocked event loop, SIGSTOP, a laptop that slept. */
import type { Clock } from './clock.ts';

const everyMs = 250;
/** failure-matrix A5: a delay above 1 s is told. */
const tellAfterMs = 1_000;

/** Calls `onLate` with how long it stood still; the function given back ends the watch. */
export function watchLoop({ clock, onLate }: { clock: Clock; onLate(lateMs: number): void }): () => void {
  let seenMs = clock.monotonicMs();
  const timer = setInterval(() => {
    const lateMs = clock.monotonicMs() - seenMs - everyMs;
    seenMs = clock.monotonicMs();
    if (lateMs > tellAfterMs) onLate(lateMs);
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
