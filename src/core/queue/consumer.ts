/** The consumer: takes jobs from BullMQ as many at a time as it may, and stops without losing any. consume.ts is what happens to each. */
import type { Worker } from 'bullmq';
import pLimit from 'p-limit';
import { batchOf, createBatcher } from '../batcher.ts';
import type { Redis } from '../connections/redis.ts';
import { endsWithin } from '../deadline.ts';
import type { CompletedJob, FailedAttempt, JobLedger, TakenJob } from '../job-ledger.ts';
import type { Hold } from '../outcome.ts';
import { createService, type Service } from '../service.ts';
import { watchLoop } from '../watch-loop.ts';
import { concurrencyOf, createBullWorker, defaultLockMs, logWorkerError } from './bull-worker.ts';
import { type DeliveryDeps, deliver } from './consume.ts';
import { createFinishedLines, type FinishedLines } from './finished-lines.ts';
import type { IsolationPool } from './isolation.ts';
import type { JobData } from './queues.ts';
import { createRunningJobs, type RunningJob } from './running-jobs.ts';
import { createServerOutages, type ServerOutagesOptions } from './server-outages.ts';
import type { SettleDeps } from './settle-job.ts';

/** After the deadline: until jobs are requeued, and until BullMQ has closed, which never ends where Redis is frozen or has just come back. */
const requeuedAfterMs = 1_500;
const closedAfterMs = 2_500;
const idleCheckMs = 25;

export interface ConsumerOptions
  extends Omit<DeliveryDeps, 'ledger' | 'taker' | 'settle' | 'running' | 'outages' | 'isStopping'>,
    Pick<ServerOutagesOptions, 'probeDatabase' | 'probeRedis'> {
  readonly ledger: Pick<JobLedger, 'take' | 'complete' | 'noteFailures' | 'cancel' | 'markIsolated'>;
  readonly isolation: IsolationPool;
  readonly connection: Redis;
  readonly queueNames: readonly string[];
  readonly concurrency: number;
  /** After this long without a sign of life a job is taken up by another worker; unset: 25 s. */
  readonly lockMs?: number;
  /** This worker's name to the outside, `worker@host`. */
  readonly worker: string;
  /** For tasks that have no number of their own. */
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  /** Makes a queue wait, for all workers. */
  hold(queue: string, hold: Hold): Promise<void>;
  /** Queues whose jobs may be made to wait for a while; the others pay nothing for it. */
  readonly limitedQueues: readonly string[];
  /** Awaited by `start` before the first job is taken. */
  prepare?(): Promise<void>;
  /** After BullMQ has completed a job; unset: not listened to. */
  readonly onAcked?: () => void;
}

export interface Consumer extends Service {
  running(): readonly RunningJob[];
  isRunning(rowId: string): boolean;
  /** Jobs that run here or are about to: what BullMQ handed over. 0 after a stop in which no job hung. */
  prefetched(): number;
  /** Stops a job that was cancelled; resolves when it has let go, undefined where it does not run here. */
  cancel(rowId: string): Promise<void> | undefined;
  /** Jobs at a time, from now on. */
  setConcurrency(jobs: number): void;
  /** Jobs completed and failed since the start, by task. */
  counts(): Readonly<Record<string, number>>;
}

/**
 * `makeBullWorker` is given by tests that have no Redis. Longer than 80 lines on purpose: start, stop and the outages share the list of
 * BullMQ workers and the flag of the stop, and reading them together shows the order of a stop.
 */
export function createConsumer(options: ConsumerOptions, makeBullWorker = createBullWorker): Consumer {
  const { clock, log, connection, isolation, lockMs = defaultLockMs } = options;
  const gate = pLimit(options.concurrency);
  const running = createRunningJobs({ clock });
  const finishedLines = createFinishedLines({ clock, log });
  let workers: Worker<JobData>[] = [];
  let isStopping = false;
  let stopWatching: () => void = () => undefined;

  const outages = createServerOutages({
    ...options,
    redisAddress: `${connection.options.host}:${connection.options.port}`,
    onDown() {
      for (const worker of workers) void worker.pause(true);
    },
    onUp() {
      if (!isStopping) for (const worker of workers) worker.resume();
    },
  });
  const deps: DeliveryDeps = {
    ...options,
    ...createBatchers(options, finishedLines),
    running,
    outages,
    isStopping: () => isStopping,
  };

  const makeWorker = (queue: string) =>
    makeBullWorker({
      ...bullWorkerOptions(options, queue),
      lockMs,
      concurrency: gate.concurrency,
      processor: (bullJob, token = '') => gate(() => deliver(deps, { bullJob, token })),
      onLocksLost: (bullIds) => running.abort('lockLost', bullIds),
      onError: (error) => outages.reportQueueError(error),
    });

  /** The process was blocked or stopped. What lasts longer than a lock has cost all locks. */
  const onLate = (lateMs: number) => {
    log.warn('worker.loop_blocked', { ms: Math.round(lateMs), jobs: running.size });
    if (lateMs > lockMs) running.abort('lockLost');
  };

  const prefetched = () => gate.activeCount + gate.pendingCount;

  const service = createService('consumer', {
    async start() {
      await options.prepare?.();
      if (isStopping) return;
      stopWatching = watchLoop({ clock, onLate });
      workers = options.queueNames.map(makeWorker);
      for (const worker of workers) worker.run().catch((error) => logWorkerError(error, log));
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    },
    async stop(deadline) {
      isStopping = true;
      outages.stop();
      stopWatching();
      await Promise.all(workers.map((worker) => worker.pause(true)));
      if (running.size > 0 && deadline.leftMs() > 0) {
        log.info('worker.finishing', { jobs: running.size, up_to_s: Math.ceil(deadline.leftMs() / 1_000) });
        await untilIdle(prefetched, () => deadline.leftMs() > 0);
      }
      deadline.shortenTo(0);
      running.abort('stopping');
      isolation.stop();
      const isIdle = await untilIdle(prefetched, () => deadline.leftMs() + requeuedAfterMs > 0);
      const closing = Promise.all(workers.map((worker) => worker.close(!isIdle)));
      // Whether they close says nothing: BullMQ never sees a connection end that is reconnecting (its issue 4656). An idle worker holds no job.
      await endsWithin(deadline.leftMs() + closedAfterMs, closing);
      finishedLines.stop();
    },
  });

  return {
    ...service,
    running: running.list,
    isRunning: running.has,
    prefetched,
    cancel: running.cancel,
    setConcurrency(jobs) {
      gate.concurrency = jobs;
      for (const worker of workers) worker.concurrency = concurrencyOf(worker.name, jobs);
    },
    counts: running.counts,
  };
}

function bullWorkerOptions(options: ConsumerOptions, queue: string) {
  const { connection, worker, retryDelayMs, limitedQueues, log, onAcked } = options;
  return { queue, connection, name: worker, retryDelayMs, isLimited: limitedQueues.includes(queue), log, onAcked };
}

/** Whether no job was left before `mayWait` said no. */
async function untilIdle(jobs: () => number, mayWait: () => boolean): Promise<boolean> {
  while (jobs() > 0) {
    if (!mayWait()) return false;
    await new Promise((resolve) => setTimeout(resolve, idleCheckMs));
  }
  return true;
}

/** Rows are read and written in batches. */
function createBatchers(
  options: ConsumerOptions,
  finishedLines: FinishedLines,
): Pick<DeliveryDeps, 'taker' | 'settle'> {
  const { registry, ledger, clock, worker } = options;
  const maxItems = batchOf(options.concurrency);
  const taker = createBatcher<string, TakenJob | undefined>({ maxItems, execute: (ids) => ledger.take(ids) });
  const settle: SettleDeps = {
    complete: createBatcher<CompletedJob, boolean>({ maxItems, execute: (jobs) => ledger.complete(jobs) }),
    noteFailure: createBatcher<FailedAttempt, boolean>({ maxItems, execute: (jobs) => ledger.noteFailures(jobs) }),
    hold: options.hold,
    worker,
    clock,
    finishedLines,
    retryDelayMs: ({ task }) => registry.settingsOf(task)?.retryDelayMs ?? options.retryDelayMs,
    maxRetries: ({ task }) => registry.settingsOf(task)?.maxRetries ?? options.maxRetries,
  };
  return { taker, settle };
}
