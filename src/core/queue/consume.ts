/** The consumer: takes jobs from BullMQ, runs them through one gate, settles them, and stops without losing any. */
import { type Job, type Processor, UnrecoverableError, Worker } from 'bullmq';
import pLimit from 'p-limit';
import { batchOf, createBatcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { endsWithin } from '../deadline.ts';
import { AppError } from '../errors.ts';
import type { CompletedJob, FailedAttempt, JobLedger, TakenJob } from '../job-ledger.ts';
import { type CancelReason, type Lifecycle, succeededTransition } from '../lifecycle.ts';
import type { Log } from '../logger.ts';
import { fail, type Hold, type Outcome } from '../outcome.ts';
import type { Redis } from '../redis.ts';
import type { TimeLimits } from '../runtime-overrides.ts';
import { networkFaultOf } from '../server-faults/network.ts';
import { unexpectedRefusal } from '../server-faults/postgres.ts';
import { isConnectionLost, redisRefusalOf, translateRedisError } from '../server-faults/redis.ts';
import type { TaskRegistry } from '../task.ts';
import { watchLoop } from '../watch-loop.ts';
import { createAvailability, isServerFault } from './availability.ts';
import { type IsolationPool, poisoned } from './isolation.ts';
import { limiter } from './pauses.ts';
import type { PublishEnded } from './publish-ended.ts';
import { type JobData, jobDataVersion, queuePrefix, readBullJobId } from './queues.ts';
import type { TaskRates } from './rate-limits.ts';
import { abortReasons, runJob, stopwatch } from './run-job.ts';
import {
  AttemptFailed,
  isLostJob,
  isVerdict,
  requeueInBullMq,
  type SettleDeps,
  settleJob,
  snoozeInBullMq,
} from './settle-job.ts';

/** core-notes measurements: a lock of 25 s, looked at each 5 s, takes up a killed worker's jobs within 32 s; BullMQ's own stall limit is off. */
const defaultLockMs = 25_000;
const stalledChecksPerLock = 5;
const stallsBeforeBullFails = 1_000;
/** One more and the job is blamed: it then took worker and child down together, twice. */
const maxStalls = 2;
/** `default` holds few jobs beyond the gate: whatever BullMQ hands out is locked, also while it waits for a slot. */
const maxDefaultJobs = 4;
const serverFaultDelayMs = 2_000;
/** For an error that no code expected: it may speak of this job alone. */
const unexpectedDelayMs = 30_000;
const tooNewDelayMs = 30_000;
/** After the grace time: until jobs are handed back, and until BullMQ's own goodbye is over, which waits for ever where Redis is frozen or just back. */
const handedBackAfterMs = 1_500;
const closedAfterMs = 2_500;

/**
 * The job table is the history; BullMQ keeps what failed, for a look with its tools, and the last runs of schedules. To keep a thousand
 * that were completed takes 5 % of the meetings a second (bench/README.md). Also what bench/ gives the bare engine.
 */
export const retention = {
  removeOnComplete: { count: 0 },
  removeOnFail: { age: 7 * 86_400, count: 10_000 },
} as const;

export interface ConsumerOptions {
  readonly registry: TaskRegistry;
  readonly ledger: JobLedger;
  readonly lifecycle: Lifecycle;
  /** Handed to every handler. */
  readonly services: unknown;
  readonly connection: Redis;
  readonly queueNames: readonly string[];
  readonly concurrency: number;
  /** After this long without a sign of life a job is taken up by another worker; unset: 25 s. */
  readonly lockMs?: number;
  /** Where jobs run whose worker died. */
  readonly alone: IsolationPool;
  /** This worker's name to the outside, `worker@host`. */
  readonly worker: string;
  /** For tasks that have no number of their own. */
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly softLimitMs: number;
  readonly hardLimitMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Set by remote control, by task. */
  timeLimitsOf?(task: string): TimeLimits | undefined;
  /** Rate limits of tasks that share a queue. */
  readonly rates: Pick<TaskRates, 'hasSlots' | 'msToSlot'>;
  /** Further fields for the log lines of a job. */
  describeJob?(job: TakenJob): Readonly<Record<string, unknown>>;
  /** Why a job is not to be started, where it is not. */
  refuses?(job: TakenJob): CancelReason | undefined;
  /** @throws AppError while the database takes no writes */
  probeDatabase(): Promise<unknown>;
  /** Makes a queue wait, for all workers. */
  hold(queue: string, hold: Hold): Promise<void>;
  /** Queues whose jobs may be made to wait for a while; the others pay nothing for it. */
  readonly limitedQueues: readonly string[];
  /** @throws AppError while Redis takes no writes */
  probeRedis(): Promise<unknown>;
  /** Told after BullMQ has completed a job; unset: nobody asks. */
  readonly onAcked?: () => void;
  /** Publishes what became of a job whose row has ended, where that is not published yet. */
  readonly publishEnded: PublishEnded;
  /** The row of a job that a schedule made; inserted when it is taken. */
  acceptScheduled(task: string, schedule: string, slotMs: number): Promise<string>;
}

export interface RunningJob {
  readonly job: TakenJob;
  readonly startedWallMs: number;
}

export interface Consumer {
  start(): Promise<void>;
  /**
   * Takes nothing new; hands back what is unfinished after `graceMs`; ends within 2.5 s more, whatever hangs. False: a job did,
   * and is left to other workers. Safe to call twice; the shorter grace counts.
   */
  stop(graceMs: number): Promise<boolean>;
  running(): readonly RunningJob[];
  isRunning(rowId: string): boolean;
  /** Jobs that run here or are about to: what BullMQ handed over. */
  held(): number;
  /** Stops a job that was cancelled; resolves when it has let go, undefined where it does not run here. */
  cancel(rowId: string): Promise<void> | undefined;
  /** Jobs at a time, from now on. */
  setConcurrency(jobs: number): void;
  /** Jobs completed and failed since the start, by task. */
  counts(): Readonly<Record<string, number>>;
}

export function createConsumer(options: ConsumerOptions): Consumer {
  const { registry, ledger, lifecycle, rates, clock, log, concurrency, lockMs = defaultLockMs } = options;
  const { host, port } = options.connection.options;
  const redisAddress = `${host}:${port}`;
  const gate = pLimit(concurrency);
  const running = new Map<
    string,
    RunningJob & {
      readonly bullId: string | undefined;
      readonly controller: AbortController;
      readonly ended: Promise<void>;
    }
  >();
  const counts: Record<string, number> = {};
  let workers: Worker<JobData>[] = [];
  let isStopping = false;
  /** On the monotonic clock; each limit of a stop counts from it, so that late timers do not add up. */
  let graceEndsMs = Number.POSITIVE_INFINITY;

  const taker = createBatcher<string, TakenJob | undefined>({
    maxItems: batchOf(concurrency),
    execute: (ids) => ledger.take(ids),
  });
  const settleDeps: SettleDeps = {
    complete: createBatcher<CompletedJob, boolean>({
      maxItems: batchOf(concurrency),
      execute: (jobs) => ledger.complete(jobs),
    }),
    noteFailure: createBatcher<FailedAttempt, boolean>({
      maxItems: batchOf(concurrency),
      execute: (jobs) => ledger.noteFailures(jobs),
    }),
    lifecycle,
    hold: options.hold,
    worker: options.worker,
    clock,
    retryDelayMs: ({ task }) => registry.settingsOf(task)?.retryDelayMs ?? options.retryDelayMs,
    maxRetries: ({ task }) => registry.settingsOf(task)?.maxRetries ?? options.maxRetries,
  };

  const onDown = () => {
    for (const worker of workers) void worker.pause(true);
  };
  const onUp = () => {
    if (!isStopping && !database.isDown && !redis.isDown) for (const worker of workers) worker.resume();
  };
  const database = createAvailability({ part: 'database', log, probe: options.probeDatabase, onDown, onUp });
  // A Redis that answers with refusals (full, loading, a replica): BullMQ alone asks it 3,700 times a second (measured).
  const redis = createAvailability({ part: 'redis', log, probe: options.probeRedis, onDown, onUp });
  let stopWatching: () => void = () => undefined;

  const take = async (rowId: string): Promise<TakenJob> => {
    const job = await taker.add(rowId);
    if (!job) throw new AppError('NOT_FOUND', `Job row ${rowId} is gone.`);
    return job;
  };

  const count = (task: string) => {
    counts[task] = (counts[task] ?? 0) + 1;
  };

  /**
   * A job whose worker died runs in a child that holds no other. One stall proves nothing, as a killed worker's jobs all
   * stall; from the second on no other suspect runs beside it; a third one blames it without another try.
   */
  const runSuspect = async (job: TakenJob, stalls: number, signal: AbortSignal): Promise<Outcome> => {
    if (stalls > maxStalls) return fail(poisoned());
    if (!job.isIsolated) await ledger.markIsolated(job.rowId);
    return options.alone.run(job.rowId, { single: stalls === maxStalls, signal });
  };

  const runTaken = async (job: TakenJob, bullJob: Job<JobData>, token: string): Promise<void> => {
    const elapsedMs = stopwatch(clock);
    const controller = new AbortController();
    const jobLog = log.child({
      job_id: job.rowId,
      task_id: job.taskId,
      task: job.task,
      ...options.describeJob?.(job),
    });
    const announcer = lifecycle.announcer();
    let markEnded: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      markEnded = resolve;
    });
    running.set(job.rowId, { job, bullId: bullJob.id, startedWallMs: clock.wallMs(), controller, ended });
    try {
      announcer.tell({ kind: 'started', job });
      const stalls = Math.max(bullJob.stalledCounter, job.isIsolated ? 1 : 0);
      const outcome =
        stalls > 0
          ? await runSuspect(job, stalls, controller.signal)
          : await runJob(registry, {
              job,
              services: options.services,
              signal: controller,
              log: jobLog,
              softLimitMs: options.softLimitMs,
              hardLimitMs: options.hardLimitMs,
              timeLimitsOf: options.timeLimitsOf,
              progress: (step) => announcer.tell({ kind: 'progress', job, step }),
              takeAgain: () => take(job.rowId),
              onLateEnd: ({ result, cache }) =>
                void lifecycle.tell(succeededTransition({ job, result, cache, durationMs: elapsedMs() })),
            });
      announcer.stop();
      if ((outcome.kind === 'retry' || outcome.kind === 'fail') && isServerFault(outcome.error)) throw outcome.error;
      await settleJob(settleDeps, { job, bullJob, token, outcome, durationMs: elapsedMs(), log: jobLog });
      count(job.task);
      // Again, and last: what this worker published meanwhile may have covered what the person's command wrote.
      if (controller.signal.reason === abortReasons.cancelled)
        await lifecycle.tell({ kind: 'cancelled', job, reason: 'terminated' });
    } catch (error) {
      if (error instanceof UnrecoverableError) count(job.task);
      throw error;
    } finally {
      announcer.stop();
      running.delete(job.rowId);
      markEnded();
    }
  };

  const processJob = async (bullJob: Job<JobData>, token: string): Promise<void> => {
    try {
      if (isStopping) return await requeueInBullMq(bullJob, token, log.child({ bull_job_id: bullJob.id }));
      const data: Partial<JobData> | null = bullJob.data;
      if (data?.v === undefined) return await dropLost(bullJob);
      const { id, schedule, v } = data;
      if (typeof v !== 'number' || v > jobDataVersion) {
        log.warn('job.too_new', { code: 'JOB_TOO_NEW', bull_job_id: bullJob.id, version: v, known: jobDataVersion });
        return await snoozeInBullMq(bullJob, token, { untilMs: clock.wallMs() + tooNewDelayMs, log });
      }
      // Before its row is taken, which counts it as started.
      const earlyMs = rates.hasSlots(bullJob.name) ? await rates.msToSlot(bullJob) : 0;
      if (earlyMs > 0) return await snoozeInBullMq(bullJob, token, { untilMs: clock.wallMs() + earlyMs, log });
      const rowId = id ?? (await options.acceptScheduled(bullJob.name, schedule ?? bullJob.name, slotOf(bullJob)));
      const job = await taker.add(rowId);
      if (!job) return log.warn('job.row_gone', { job_id: rowId });
      if (job.state !== 'queued' && job.state !== 'retrying') return await endAgain(job);
      const refusal = options.refuses?.(job);
      if (refusal) return await endUnstarted(job, refusal);
      await runTaken(job, bullJob, token);
    } catch (error) {
      if (isVerdict(error)) throw error;
      await settleUnsettled(bullJob, token, error);
    }
  };

  /** What no outcome was made of. A server's fault costs no attempt, known or not, and BullMQ fails no job without a line. */
  const settleUnsettled = async (bullJob: Job<JobData>, token: string, error: unknown): Promise<never> => {
    const fault = asServerFault(error, redisAddress);
    if (fault?.code.startsWith('DATABASE_')) database.reportFailure(fault);
    if (fault && fault !== error && fault.code.startsWith('REDIS_')) redis.suspect(fault);
    if (!fault) {
      const job = { bull_job_id: bullJob.id, task: bullJob.name };
      if (error instanceof AppError) {
        log.error('job.failed', { ...job, code: error.code, error: error.message });
        throw error;
      }
      const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const next = `tried again in ${unexpectedDelayMs / 1_000} s; no attempt is counted`;
      log.error('job.waits', { ...job, code: 'BUG', error: words.slice(0, 300), next });
    }
    const delayMs = fault ? serverFaultDelayMs : unexpectedDelayMs;
    return snoozeInBullMq(bullJob, token, { untilMs: clock.wallMs() + delayMs, log });
  };

  /** Its sender revoked it, or wanted it earlier or not at all. */
  const endUnstarted = async (job: TakenJob, reason: CancelReason): Promise<void> => {
    await ledger.cancel(job.rowId, refusalOf(reason));
    await lifecycle.tell({ kind: 'cancelled', job, reason });
    log.info('job.closed', { job_id: job.rowId, task_id: job.taskId, reason });
  };

  /**
   * A second delivery of a job that ended: a worker died between commit and publication, so that its documents may be missing, or a
   * command that added it was sent again after its connection broke.
   */
  const endAgain = async (job: TakenJob): Promise<void> => {
    await options.publishEnded(job);
    log.debug('job.closed', { job_id: job.rowId, reason: `already ${job.state}` });
  };

  /**
   * Redis lost the job's hash and kept its entry in a list; BullMQ hands out what it wrote itself since, which has no data. Recovery
   * delivers its row again. Where the row has ended, this delivery is the last one that can publish what is missing.
   */
  const dropLost = async ({ id = '' }: Job<JobData>): Promise<void> => {
    log.debug('job.lost', { bull_job_id: id });
    const rowId = readBullJobId(id)?.rowId;
    const job = rowId === undefined ? undefined : await taker.add(rowId);
    if (job && job.state !== 'queued' && job.state !== 'retrying') await endAgain(job);
  };

  const processor: Processor<JobData> = (job, token) => gate(() => processJob(job, token ?? ''));

  const makeWorker = (name: string) => {
    const worker = new Worker<JobData>(name, processor, {
      connection: options.connection,
      prefix: queuePrefix,
      autorun: false,
      name: options.worker,
      concurrency: concurrencyOf(name, gate.concurrency),
      lockDuration: lockMs,
      stalledInterval: lockMs / stalledChecksPerLock,
      maxStalledCount: stallsBeforeBullFails,
      settings: {
        backoffStrategy: (_attempts, _type, error) =>
          error instanceof AttemptFailed ? error.delayMs : options.retryDelayMs,
      },
      ...(options.limitedQueues.includes(name) ? { limiter } : {}),
      ...retention,
    });
    worker.on('error', (error) => {
      if (redisRefusalOf(error)) redis.suspect(translateRedisError(error, redisAddress));
      else logWorkerError(error, log);
    });
    const { onAcked } = options;
    if (onAcked) worker.on('completed', () => onAcked());
    worker.on('stalled', (id) => log.warn('job.taken_up', { bull_job_id: id, reason: 'its worker died or froze' }));
    worker.on('lockRenewalFailed', (ids) => {
      const lost = new Set(ids);
      for (const { bullId, controller } of running.values())
        if (bullId !== undefined && lost.has(bullId)) controller.abort(abortReasons.lockLost);
    });
    return worker;
  };

  const untilIdle = async (afterGraceMs: number): Promise<boolean> => {
    while (gate.activeCount + gate.pendingCount > 0) {
      if (clock.monotonicMs() >= graceEndsMs + afterGraceMs) return false;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return true;
  };

  /** The process stood still: its loop was blocked, or all of it was stopped. What lasts longer than a lock has cost all locks. */
  const onLate = (lateMs: number) => {
    log.warn('worker.loop_blocked', { ms: Math.round(lateMs), jobs: running.size });
    if (lateMs > lockMs) for (const { controller } of running.values()) controller.abort(abortReasons.lockLost);
  };

  return {
    async start() {
      stopWatching = watchLoop({ clock, onLate });
      workers = options.queueNames.map(makeWorker);
      for (const worker of workers) worker.run().catch((error) => logWorkerError(error, log));
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    },
    async stop(graceMs) {
      isStopping = true;
      graceEndsMs = Math.min(graceEndsMs, clock.monotonicMs() + graceMs);
      database.stop();
      redis.stop();
      stopWatching();
      await Promise.all(workers.map((worker) => worker.pause(true)));
      if (running.size > 0 && graceMs > 0) {
        log.info('worker.finishing', { jobs: running.size, up_to_s: graceMs / 1_000 });
        await untilIdle(0);
      }
      graceEndsMs = Math.min(graceEndsMs, clock.monotonicMs());
      for (const { controller } of running.values()) controller.abort(abortReasons.stopping);
      options.alone.stop();
      const isIdle = await untilIdle(handedBackAfterMs);
      const goodbyes = Promise.all(workers.map((worker) => worker.close(!isIdle)));
      // How they end says nothing: BullMQ never sees a connection end that is reconnecting (its issue 4656). Who is idle holds no job.
      await endsWithin(graceEndsMs + closedAfterMs - clock.monotonicMs(), goodbyes);
      return isIdle;
    },
    running: () => [...running.values()],
    isRunning: (rowId) => running.has(rowId),
    held: () => gate.activeCount + gate.pendingCount,
    cancel(rowId) {
      const found = running.get(rowId);
      found?.controller.abort(abortReasons.cancelled);
      return found?.ended;
    },
    setConcurrency(jobs) {
      gate.concurrency = jobs;
      for (const worker of workers) worker.concurrency = concurrencyOf(worker.name, jobs);
    },
    counts: () => counts,
  };
}

/** What the row of a job says that its sender did not let start. */
export function refusalOf(reason: CancelReason): AppError {
  return reason === 'expired'
    ? new AppError('TASK_EXPIRED', 'It was not started before the moment that its message gave as "expires".')
    : new AppError('TASK_REVOKED', 'It was revoked before it was started.');
}

function concurrencyOf(queue: string, jobs: number): number {
  return queue === 'default' ? Math.min(maxDefaultJobs, jobs) : jobs;
}

/** The moment a schedule meant, which names its run: BullMQ's repeat job ids end with it. */
function slotOf(job: Job<JobData>): number {
  return Number(job.id?.split(':').at(-1)) || job.timestamp + (job.opts.delay ?? 0);
}

function logWorkerError(error: Error, log: Log): void {
  if (isLostJob(error)) log.info('job.stale', { code: 'STALE_RESULT', error: error.message });
  // A connection that is down is told by itself, once.
  else if (!networkFaultOf(error) && !isConnectionLost(error))
    log.warn('queue.error', { error: error.message.slice(0, 300) });
}

/** What a server said at the end of a run, as ours; undefined where no server speaks, or of the values of this job alone. */
function asServerFault(error: unknown, redisAddress: string): AppError | undefined {
  if (isServerFault(error)) return error;
  if (error instanceof AppError) return undefined;
  const isRedis = redisRefusalOf(error) !== undefined || isConnectionLost(error) || networkFaultOf(error) !== undefined;
  return unexpectedRefusal(error) ?? (isRedis ? translateRedisError(error, redisAddress) : undefined);
}
