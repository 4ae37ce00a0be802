/**
 * Sees an event loop that is blocked for too long, from a thread of its own, and ends the process: it could neither heed a
 * signal nor renew its locks any more. Whoever supervises it starts another; the job that did it runs alone then.
 */
import { startThread } from './start-thread.ts';

export interface WatchdogOptions {
  /** Time the loop may be blocked while the process runs: sleep of the machine and SIGSTOP do not count. */
  readonly limitMs: number;
  /** Of the one line that it writes, `worker.blocked`. */
  readonly format: 'pretty' | 'json';
}

const thread = new URL('./watchdog-thread.cjs', import.meta.url);
const maxCheckMs = 1_000;

/**
 * To be called before the first job is taken, as that one may block already; the thread starts by itself, also beside a blocked
 * loop. Neither it nor the timer keeps the process alive.
 */
export function startWatchdog({ limitMs, format }: WatchdogOptions): { stop(): void } {
  const checkMs = Math.min(maxCheckMs, limitMs / 10);
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const timer = setInterval(() => Atomics.add(beats, 0, 1), checkMs / 2).unref();
  const worker = startThread(thread, {
    workerData: { beats, limitMs, checkMs, format },
    // It holds no more than a few numbers.
    resourceLimits: { maxOldGenerationSizeMb: 8 },
  });
  // Without its watchdog a process works on: a thread that could not start is no reason to end it.
  worker.on('error', () => undefined);
  return {
    stop() {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
