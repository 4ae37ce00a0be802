/** Makes the BullMQ worker of one queue: locks, retention, the retry delay, and what its events mean here. */
import { type Processor, Worker } from 'bullmq';
import type { Redis } from '../connections/redis.ts';
import type { Log } from '../log/logger.ts';
import { networkFaultOf } from '../server-faults/network.ts';
import { isConnectionLost } from '../server-faults/redis.ts';
import { AttemptFailed, isLostJob } from './acknowledge.ts';
import { limiter } from './pauses.ts';
import { type JobData, queuePrefix } from './queues.ts';

/** Measured: with a lock of 25 s that is checked every 5 s, a killed worker's jobs are taken over within 32 s. */
export const defaultLockMs = 25_000;
const stalledChecksPerLock = 5;
/** So high that BullMQ's own limit never applies: isolation.ts has our limit. */
const stallsBeforeBullFails = 1_000;
/** Of `default` only few jobs are prefetched, because BullMQ locks each job that it hands out, also while it waits for a slot. */
const maxDefaultJobs = 4;

/**
 * The job table is the history; BullMQ keeps what failed, for its own tools, and the last runs of schedules. Keeping a thousand
 * completed jobs takes 5 % of the jobs a second (bench/README.md). bench/ gives the same to the bare engine.
 */
export const retention = {
  removeOnComplete: { count: 0 },
  removeOnFail: { age: 7 * 86_400, count: 10_000 },
} as const;

export interface BullWorkerOptions {
  readonly queue: string;
  readonly processor: Processor<JobData>;
  readonly connection: Redis;
  /** The public name of this worker. */
  readonly name: string;
  readonly concurrency: number;
  readonly lockMs: number;
  /** For failed attempts without their own delay. */
  readonly retryDelayMs: number;
  /** True: the queue can be rate limited. Other queues avoid the cost of that. */
  readonly isLimited: boolean;
  readonly log: Log;
  /** After BullMQ has completed a job; unset: not listened to. */
  readonly onAcked?: () => void;
  /** BullMQ ids of jobs that other workers may have taken over. */
  onLocksLost(bullIds: readonly string[]): void;
  /** True: the caller handles the error, so it is not logged. */
  onError(error: Error): boolean;
}

/** It takes no jobs before `run` is called. `Engine` is given by tests that have no Redis. */
export function createBullWorker(options: BullWorkerOptions, Engine: typeof Worker = Worker): Worker<JobData> {
  const { queue, lockMs, log, onAcked } = options;
  const worker = new Engine<JobData>(queue, options.processor, {
    connection: options.connection,
    prefix: queuePrefix,
    autorun: false,
    name: options.name,
    concurrency: concurrencyOf(queue, options.concurrency),
    lockDuration: lockMs,
    stalledInterval: lockMs / stalledChecksPerLock,
    maxStalledCount: stallsBeforeBullFails,
    settings: {
      backoffStrategy: (_attempts, _type, error) =>
        error instanceof AttemptFailed ? error.delayMs : options.retryDelayMs,
    },
    ...(options.isLimited ? { limiter } : {}),
    ...retention,
  });
  worker.on('error', (error) => {
    if (!options.onError(error)) logWorkerError(error, log);
  });
  if (onAcked) worker.on('completed', () => onAcked());
  worker.on('stalled', (id) => log.warn('job.taken_up', { bull_job_id: id, reason: 'its worker died or froze' }));
  worker.on('lockRenewalFailed', (ids) => options.onLocksLost(ids));
  return worker;
}

/** Jobs of a queue at a time, where the worker runs `jobs` at a time. */
export function concurrencyOf(queue: string, jobs: number): number {
  return queue === 'default' ? Math.min(maxDefaultJobs, jobs) : jobs;
}

/** Connections log their own outage once, so such errors are not logged again. */
export function logWorkerError(error: Error, log: Log): void {
  if (isLostJob(error)) log.info('job.stale', { code: 'STALE_RESULT', error: error.message });
  else if (!networkFaultOf(error) && !isConnectionLost(error))
    log.warn('queue.error', { error: error.message.slice(0, 300) });
}
