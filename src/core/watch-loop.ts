/** Notices that this process was blocked or stopped: a long computation, SIGSTOP, a sleeping laptop. */
import type { Clock } from './clock.ts';

const everyMs = 250;
/** A delay above 1 s is logged. */
const tellAfterMs = 1_000;

/** Calls `onLate` with how long it was blocked; the returned function ends the watch. */
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
