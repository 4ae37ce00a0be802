/**
 * A thread that detects when the event loop is blocked for too long and kills the process, which can then neither handle signals
 * nor renew its locks. The supervisor starts a new process, in which the job that blocked this one runs isolated.
 */
import type { Worker } from 'node:worker_threads';
import { createService, type Service } from '../service.ts';
import { startThread } from './start-thread.ts';

export interface WatchdogOptions {
  /** Time the loop may be blocked while the process runs: sleep of the machine and SIGSTOP do not count. */
  readonly limitMs: number;
  /** Format of its only log line, `worker.blocked`. */
  readonly format: 'pretty' | 'json';
}

const thread = new URL('./watchdog-thread.cjs', import.meta.url);
const maxCheckMs = 1_000;

/**
 * Start it before the first job is taken, because that job may already block. The thread also starts while the event loop is
 * blocked. Neither the thread nor the timer keeps the process alive.
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
        // The thread only needs memory for a few numbers.
        resourceLimits: { maxOldGenerationSizeMb: 8 },
      });
      // If the thread fails to start, the process continues without a watchdog.
      worker.on('error', () => undefined);
    },
    stop() {
      clearInterval(timer);
      void worker?.terminate();
    },
  });
}
