/**
 * The life of one delivery: version → rate slot → take → refuse? → run → settle → publish → acknowledge. `deliver` is the whole of it;
 * each step is a function below, or in the file that it names.
 */
import type { Job } from 'bullmq';
import type { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { JobLedger, TakenJob } from '../job-ledger.ts';
import { type Announcer, type CancelReason, type Lifecycle, succeededTransition } from '../lifecycle.ts';
import type { Log } from '../log/logger.ts';
import type { Outcome } from '../outcome.ts';
import type { TimeLimits } from '../runtime-overrides.ts';
import type { TaskRegistry } from '../task.ts';
import { type Acknowledgement, acknowledge, type Delivery, isLostJob, isVerdict } from './acknowledge.ts';
import { isServerFault } from './availability.ts';
import { type IsolationPool, runIsolated, singleRunNoteOf, stallsOf } from './isolation.ts';
import type { PublishEnded } from './publish-ended.ts';
import { type JobData, jobDataVersion, readBullJobId } from './queues.ts';
import type { TaskRates } from './rate-limits.ts';
import { abortReasons, runJob, stopwatch } from './run-job.ts';
import type { BegunJob, RunningJobs } from './running-jobs.ts';
import type { ServerOutages } from './server-outages.ts';
import { type SettleDeps, type Settlement, settleJob } from './settle-job.ts';

const serverFaultDelayMs = 2_000;
/** For an error that no code expected: it may speak of this job alone. */
const unexpectedDelayMs = 30_000;
const tooNewDelayMs = 30_000;

export interface DeliveryDeps {
  readonly registry: TaskRegistry;
  readonly ledger: Pick<JobLedger, 'cancel' | 'markIsolated'>;
  readonly taker: Pick<Batcher<string, TakenJob | undefined>, 'add'>;
  readonly settle: SettleDeps;
  readonly lifecycle: Pick<Lifecycle, 'tell' | 'announcer'>;
  readonly running: Pick<RunningJobs, 'begin' | 'count'>;
  readonly outages: Pick<ServerOutages, 'report'>;
  /** Rate limits of tasks that share a queue. */
  readonly rates: Pick<TaskRates, 'hasSlots' | 'msToSlot'>;
  /** Where jobs run whose worker died. */
  readonly isolation: Pick<IsolationPool, 'run'>;
  /** Handed to every handler. */
  readonly services: unknown;
  /** For tasks that have none of their own. */
  readonly softLimitMs: number;
  readonly hardLimitMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Publishes the outcome of a job whose row has ended, if it is not published yet. */
  readonly publishEnded: PublishEnded;
  /** This process takes nothing new. */
  isStopping(): boolean;
  /** The row of a job that a schedule made; inserted when it is taken. */
  acceptScheduled(task: string, schedule: string, slotMs: number): Promise<string>;
  /** Set by remote control, by task. */
  timeLimitsOf?(task: string): TimeLimits | undefined;
  /** Further fields for the log lines of a job. */
  describeJob?(job: TakenJob): Readonly<Record<string, unknown>>;
  /** Why a job is not to be started, where it is not. */
  refuses?(job: TakenJob): CancelReason | undefined;
}

/** Returns where BullMQ is to complete the job; throws what BullMQ understands otherwise. */
export async function deliver(deps: DeliveryDeps, delivery: Delivery): Promise<void> {
  try {
    await deliverInSteps(deps, delivery);
  } catch (error) {
    if (isVerdict(error)) throw error;
    await returnUnsettled(deps, delivery, error);
  }
}

async function deliverInSteps(deps: DeliveryDeps, delivery: Delivery): Promise<void> {
  const { bullJob } = delivery;
  // Not acknowledged: this process stops, so the job is next in line for another one.
  if (deps.isStopping()) return requeueAtStop(deps, delivery);

  const version = versionOf(bullJob);
  // Acknowledged: Redis lost the job's data. Recovery delivers its row again, as a BullMQ job of its own.
  if (version === 'lost') return endLost(deps, delivery);
  // Not acknowledged: a worker of the newer version takes it.
  if (version === 'too-new') return snoozeTooNew(deps, delivery);

  const earlyMs = await msToSlot(deps, bullJob);
  // Not acknowledged: it comes back when its slot does. Its row is not taken yet, as that counts it as started.
  if (earlyMs > 0) return snooze(deps, delivery, earlyMs);

  const { rowId, job } = await take(deps, bullJob);
  // Acknowledged: its row is gone, so there is nothing to do and no place for a result.
  if (!job) return deps.log.warn('job.row_gone', { job_id: rowId });
  // Acknowledged: its row had already ended, and its outcome is published now.
  if (hasEnded(job)) return endAgain(deps, job);

  const refusal = deps.refuses?.(job);
  // Acknowledged: its row says that it is cancelled.
  if (refusal) return endUnstarted(deps, job, refusal);

  const attempt = beginAttempt(deps, delivery, job);
  try {
    const outcome = await run(deps, attempt);
    const settlement = await settleJob(deps.settle, { job, outcome, durationMs: attempt.elapsedMs() });
    await publish(deps, attempt, settlement);
    // Whether it is acknowledged, and why, is said beside each settlement in settle-job.ts.
    await acknowledge(delivery, settlement.acknowledgement, attempt.log);
  } finally {
    attempt.end();
  }
}

/** Version: whether this worker can read the data of the job. */
export function versionOf({ data }: { data: Partial<JobData> | null }): 'known' | 'lost' | 'too-new' {
  if (data?.v === undefined) return 'lost';
  return typeof data.v === 'number' && data.v <= jobDataVersion ? 'known' : 'too-new';
}

/** Rate slot: how long the job has to wait for its own; 0 for a task without a limit. */
export async function msToSlot({ rates }: Pick<DeliveryDeps, 'rates'>, bullJob: Job<JobData>): Promise<number> {
  return rates.hasSlots(bullJob.name) ? rates.msToSlot(bullJob) : 0;
}

/** Take: reads the row and draws a run id. A job that a schedule made gets its row first. */
export async function take(
  { taker, acceptScheduled }: Pick<DeliveryDeps, 'taker' | 'acceptScheduled'>,
  bullJob: Job<JobData>,
): Promise<{ readonly rowId: string; readonly job: TakenJob | undefined }> {
  const { id, schedule } = bullJob.data;
  const rowId = id ?? (await acceptScheduled(bullJob.name, schedule ?? bullJob.name, slotOf(bullJob)));
  return { rowId, job: await taker.add(rowId) };
}

export interface Attempt extends Delivery {
  readonly job: TakenJob;
  readonly controller: AbortController;
  readonly announcer: Announcer;
  readonly log: Log;
  elapsedMs(): number;
  end(): void;
}

/** From here on the job is shown as running and can be cancelled. */
function beginAttempt(deps: DeliveryDeps, delivery: Delivery, job: TakenJob): Attempt {
  const { rowId, taskId, task } = job;
  const begun: BegunJob = deps.running.begin(job, delivery.bullJob.id);
  const announcer = deps.lifecycle.announcer();
  return {
    ...delivery,
    job,
    controller: begun.controller,
    announcer,
    log: deps.log.child({ job_id: rowId, task_id: taskId, task, ...deps.describeJob?.(job) }),
    elapsedMs: stopwatch(deps.clock),
    end() {
      announcer.stop();
      begun.end();
    },
  };
}

/** Run: the handler within its limits, or the isolated process where a worker died of the job. @throws AppError DATABASE_*, REDIS_* */
export async function run(deps: DeliveryDeps, attempt: Attempt): Promise<Outcome> {
  const { job, bullJob, controller, announcer } = attempt;
  announcer.tell({ kind: 'started', job });
  const stalls = stallsOf(job, bullJob.stalledCounter);
  const outcome =
    stalls > 0
      ? await runIsolated(deps, { job, stalls, note: singleRunNoteOf(bullJob), signal: controller.signal })
      : await runHere(deps, attempt);
  announcer.stop();
  // A server's fault says nothing about the job.
  if ((outcome.kind === 'retry' || outcome.kind === 'fail') && isServerFault(outcome.error)) throw outcome.error;
  return outcome;
}

function runHere(deps: DeliveryDeps, { job, controller, announcer, log, elapsedMs }: Attempt): Promise<Outcome> {
  const { registry, services, softLimitMs, hardLimitMs, timeLimitsOf, lifecycle } = deps;
  return runJob(registry, {
    job,
    services,
    signal: controller,
    log,
    softLimitMs,
    hardLimitMs,
    timeLimitsOf,
    progress: (step) => announcer.tell({ kind: 'progress', job, step }),
    async takeAgain() {
      const again = await deps.taker.add(job.rowId);
      if (!again) throw new AppError('NOT_FOUND', `Job row ${job.rowId} is gone.`);
      return again;
    },
    onLateEnd: ({ result, cache }) =>
      void lifecycle.tell(succeededTransition({ job, result, cache, durationMs: elapsedMs() })),
  });
}

/** Publish: clients hear what the row says; a crash before the acknowledgement makes the next delivery publish it again. */
export async function publish(
  { lifecycle, running }: Pick<DeliveryDeps, 'lifecycle' | 'running'>,
  { job, controller }: Pick<Attempt, 'job' | 'controller'>,
  settlement: Settlement,
): Promise<void> {
  const { kind } = settlement.acknowledgement;
  if (settlement.publish) await lifecycle.tell(settlement.publish);
  if (kind === 'complete' || kind === 'fail') running.count(job.task);
  // Published by the cancelling command before; this run may have written over it meanwhile.
  if (kind === 'complete' && controller.signal.reason === abortReasons.cancelled)
    await lifecycle.tell({ kind: 'cancelled', job, reason: 'terminated' });
}

/** Not acknowledged: no outcome was reached. A server's fault costs no attempt, and BullMQ fails no job without a log line. */
async function returnUnsettled(deps: DeliveryDeps, delivery: Delivery, error: unknown): Promise<void> {
  const { log, outages } = deps;
  const fault = outages.report(error);
  // What is lost cannot be moved either, which `acknowledge` says.
  if (fault || (error instanceof Error && isLostJob(error))) return snooze(deps, delivery, serverFaultDelayMs);
  const job = { bull_job_id: delivery.bullJob.id, task: delivery.bullJob.name };
  if (error instanceof AppError) {
    log.error('job.failed', { ...job, code: error.code, error: error.message });
    // BullMQ counts the attempt and tries again.
    throw error;
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const next = `tried again in ${unexpectedDelayMs / 1_000} s; no attempt is counted`;
  log.error('job.waits', { ...job, code: 'BUG', error: text.slice(0, 300), next });
  return snooze(deps, delivery, unexpectedDelayMs);
}

function requeueAtStop({ log }: DeliveryDeps, delivery: Delivery): Promise<void> {
  const line = { level: 'info', event: 'job.handed_back', fields: { bull_job_id: delivery.bullJob.id } } as const;
  return acknowledge(delivery, { kind: 'requeue', line }, log);
}

function snoozeTooNew(deps: DeliveryDeps, delivery: Delivery): Promise<void> {
  const { id, data } = delivery.bullJob;
  deps.log.warn('job.too_new', { code: 'JOB_TOO_NEW', bull_job_id: id, version: data.v, known: jobDataVersion });
  return snooze(deps, delivery, tooNewDelayMs);
}

function snooze({ clock, log }: DeliveryDeps, delivery: Delivery, delayMs: number): Promise<void> {
  const acknowledgement: Acknowledgement = { kind: 'snooze', untilMs: clock.wallMs() + delayMs };
  return acknowledge(delivery, acknowledgement, log);
}

function hasEnded({ state }: TakenJob): boolean {
  return state !== 'queued' && state !== 'retrying';
}

/**
 * Redis lost the job's hash and kept its entry in a list; BullMQ hands out what it wrote itself since, which has no data. Where the row
 * has ended, this delivery is the last one that can publish what is missing.
 */
async function endLost(deps: DeliveryDeps, { bullJob: { id = '' } }: Delivery): Promise<void> {
  deps.log.debug('job.lost', { bull_job_id: id });
  const rowId = readBullJobId(id)?.rowId;
  const job = rowId === undefined ? undefined : await deps.taker.add(rowId);
  if (job && hasEnded(job)) await endAgain(deps, job);
}

/**
 * A second delivery of a job that ended: a worker died between commit and publication, so that its documents may be missing, or a
 * command that added it was sent again after its connection broke.
 */
async function endAgain({ publishEnded, log }: DeliveryDeps, job: TakenJob): Promise<void> {
  await publishEnded(job);
  log.debug('job.closed', { job_id: job.rowId, reason: `already ${job.state}` });
}

/** Its sender revoked it, or wanted it earlier or not at all. */
async function endUnstarted(
  { ledger, lifecycle, log }: DeliveryDeps,
  job: TakenJob,
  reason: CancelReason,
): Promise<void> {
  await ledger.cancel(job.rowId, refusalOf(reason));
  await lifecycle.tell({ kind: 'cancelled', job, reason });
  log.info('job.closed', { job_id: job.rowId, task_id: job.taskId, reason });
}

/** What the row of a job says that its sender did not let start. */
function refusalOf(reason: CancelReason): AppError {
  return reason === 'expired'
    ? new AppError('TASK_EXPIRED', 'It was not started before the moment that its message gave as "expires".')
    : new AppError('TASK_REVOKED', 'It was revoked before it was started.');
}

/** The moment a schedule meant, which names its run: BullMQ's repeat job ids end with it. */
function slotOf(job: Job<JobData>): number {
  return Number(job.id?.split(':').at(-1)) || job.timestamp + (job.opts.delay ?? 0);
}
