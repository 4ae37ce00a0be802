/**
 * Sees an event loop that is blocked for too long, from a thread of its own, and ends the process: it could neither heed a
 * signal nor renew its locks any more. Its supervisor starts another one; the job that blocked it runs isolated then.
 */
import type { Worker } from 'node:worker_threads';
import { createService, type Service } from './service.ts';
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
 * To be started before the first job is taken, as that one may block already; the thread starts by itself, also beside a blocked
 * loop. Neither it nor the timer keeps the process alive.
 */
export function createWatchdog({ limitMs, format }: WatchdogOptions): Service {
  const checkMs = Math.min(maxCheckMs, limitMs / 10);
  let timer: NodeJS.Timeout | undefined;
  let worker: Worker | undefined;
  return createService('watchdog', {
    start() {
      const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
      timer = setInterval(() => Atomics.add(beats, 0, 1), checkMs / 2).unref();
      worker = startThread(thread, {
        workerData: { beats, limitMs, checkMs, format },
        // It holds no more than a few numbers.
        resourceLimits: { maxOldGenerationSizeMb: 8 },
      });
      // Without its watchdog a process works on: a thread that could not start is no reason to end it.
      worker.on('error', () => undefined);
    },
    stop() {
      clearInterval(timer);
      void worker?.terminate();
    },
  });
}
