/** Timers of any length: those of Node.js fire at once beyond 2^31 - 1 ms, which is 24.8 days. */

/** https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const maxTimerMs = 2_147_483_647;

/** Calls `action` once after `delayMs`, until the returned function is called. */
export function startTimer(delayMs: number, action: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, maxTimerMs);
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : action()), stepMs);
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}
