/** Turns an outcome into a row, documents for clients, and BullMQ's vocabulary, in this order: the truth first. */
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { CompletedJob, FailedAttempt, TakenJob } from '../job-ledger.ts';
import { type Lifecycle, succeededTransition } from '../lifecycle.ts';
import type { Log } from '../logger.ts';
import { type Complete, endedElsewhere, type Hold, type Outcome } from '../outcome.ts';
import { storableText, whyNotStorable } from '../storable.ts';
import type { JobData } from './queues.ts';

/** A result is published milliseconds after its commit, where Redis answers. */
const publicationMs = 5_000;

export interface SettleDeps {
  readonly complete: Batcher<CompletedJob, boolean>;
  readonly noteFailure: Batcher<FailedAttempt, boolean>;
  readonly lifecycle: Pick<Lifecycle, 'tell'>;
  readonly worker: string;
  readonly clock: Clock;
  /** Before a further attempt of this job, where the outcome names no delay. */
  retryDelayMs(job: TakenJob): number;
  /** Makes a queue wait, for all workers. @throws AppError DATABASE_*, REDIS_UNREACHABLE */
  hold(queue: string, hold: Hold): Promise<void>;
  /** Retries of this job, the first attempt not counted. */
  maxRetries(job: TakenJob): number;
}

export interface SettleRequest {
  readonly job: TakenJob;
  readonly bullJob: Job<JobData>;
  readonly token: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly log: Log;
}

/** Thrown to BullMQ, which schedules the next attempt after `delayMs`. */
export class AttemptFailed extends Error {
  readonly delayMs: number;

  constructor({ code, message }: AppError, delayMs: number) {
    super(`${code}: ${message}`);
    this.delayMs = delayMs;
  }
}

/** Whether it tells BullMQ how a delivery ended; anything else that is thrown at it would fail the job without a row that says so. */
export function isVerdict(error: unknown): boolean {
  const verdicts = [AttemptFailed, UnrecoverableError, DelayedError, WaitingError];
  return verdicts.some((each) => error instanceof each);
}

/** Returns when BullMQ may complete the job; throws what BullMQ understands otherwise. */
export async function settleJob(deps: SettleDeps, request: SettleRequest): Promise<void> {
  const { job, outcome, log } = request;
  switch (outcome.kind) {
    case 'complete':
      return settleComplete(deps, request, outcome);
    case 'closed':
      log.info('job.closed', { reason: outcome.reason });
      return outcome.reason === endedElsewhere ? lookAgainLater(deps, request) : undefined;
    case 'snooze':
      log.debug('job.stepped_back', { reason: outcome.reason, delay_ms: outcome.delayMs });
      return snoozeInBullMq(request.bullJob, request.token, { untilMs: deps.clock.wallMs() + outcome.delayMs, log });
    case 'hold':
      // First the queue, so that this job is not taken again at once.
      await deps.hold(job.queue, outcome);
      await deps.lifecycle.tell({ kind: 'waiting', job, error: outcome.error });
      return requeueInBullMq(request.bullJob, request.token, log, () => {
        log.debug('job.held', { code: outcome.error.code });
      });
    case 'requeue':
      return requeueInBullMq(request.bullJob, request.token, log);
    case 'fail':
      return settleFailure(deps, request, outcome.error, null);
    case 'retry': {
      const attemptsLeft = deps.maxRetries(job) - job.failedAttempts;
      const retryDelayMs = attemptsLeft > 0 ? (outcome.delayMs ?? deps.retryDelayMs(job)) : null;
      return settleFailure(deps, request, outcome.error, retryDelayMs);
    }
  }
}

async function settleComplete(deps: SettleDeps, request: SettleRequest, outcome: Complete): Promise<void> {
  const { job, durationMs, log } = request;
  if (!outcome.isRecorded) {
    // Before it joins a batch, which it would fail with all its mates, again at each delivery.
    const fault = whyNotStorable(outcome.result);
    if (fault !== undefined) return settleFailure(deps, request, resultNotStorable(job, fault), null);
    const { rowId, runId, startedAt } = job;
    const isOurs = await deps.complete.add({ rowId, runId, startedAt, result: outcome.result, worker: deps.worker });
    if (!isOurs) return settleEndedElsewhere(deps, request);
  }
  const { result, cache } = outcome;
  await deps.lifecycle.tell(succeededTransition({ job, result, cache, durationMs }));
  log.debug('job.finished', { duration_ms: Math.round(durationMs) });
}

function resultNotStorable({ task }: TakenJob, fault: string): AppError {
  return new AppError(
    'RESULT_NOT_STORABLE',
    `The result of task "${task}" cannot be stored: ${fault}. Return plain JSON without NUL characters.`,
  );
}

/** `retryDelayMs` null: the job has failed for good. */
async function settleFailure(
  deps: SettleDeps,
  request: SettleRequest,
  error: AppError,
  retryDelayMs: number | null,
): Promise<void> {
  const { job, outcome, durationMs, log } = request;
  const attempt = job.failedAttempts + 1;
  const isOurs = await deps.noteFailure.add({
    rowId: job.rowId,
    startedAt: job.startedAt,
    attempt,
    code: error.code,
    message: storableText(error.message, 1_024),
    dueAt: retryDelayMs === null ? null : new Date(deps.clock.wallMs() + retryDelayMs).toISOString(),
    worker: deps.worker,
  });
  if (!isOurs) return settleEndedElsewhere(deps, request);
  const fields = { attempt, code: error.code, error: error.message, duration_ms: Math.round(durationMs) };
  if (retryDelayMs !== null) {
    await deps.lifecycle.tell({ kind: 'retrying', job, error });
    log.warn('job.retry', { ...fields, retry_in_s: Math.round(retryDelayMs / 1_000) });
    throw new AttemptFailed(error, retryDelayMs);
  }
  const cache = outcome.kind === 'fail' ? outcome.cache : [];
  await deps.lifecycle.tell({ kind: 'failed', job, error, cache });
  log.error('job.failed', fields);
  throw new UnrecoverableError(`${error.code}: ${error.message}`);
}

async function settleEndedElsewhere(deps: SettleDeps, request: SettleRequest): Promise<void> {
  request.log.info('job.closed', { reason: endedElsewhere });
  await lookAgainLater(deps, request);
}

/**
 * Whoever ended the row publishes what became of it, and may die before. This delivery comes back when that has had its time, and
 * then publishes what is missing. Always throws.
 */
function lookAgainLater({ clock }: SettleDeps, { bullJob, token, log }: SettleRequest): Promise<never> {
  return snoozeInBullMq(bullJob, token, { untilMs: clock.wallMs() + publicationMs, log });
}

/** Back in line after a while; BullMQ counts no attempt. Always throws. */
export async function snoozeInBullMq(
  bullJob: Job<JobData>,
  token: string,
  { untilMs, log }: { untilMs: number; log: Log },
): Promise<never> {
  await tellLoss(log, () => bullJob.moveToDelayed(untilMs, token));
  throw new DelayedError();
}

/** Next in line for another worker; BullMQ counts no attempt. Always throws. */
export async function requeueInBullMq(
  bullJob: Job<JobData>,
  token: string,
  log: Log,
  tell = () => log.info('job.handed_back', {}),
): Promise<never> {
  await tellLoss(log, async () => {
    await bullJob.moveToWait(token);
    tell();
  });
  throw new WaitingError();
}

/** What BullMQ says of a job that is another worker's by now, or nobody's after Redis was emptied: expected, the row decides. */
export function isLostJob({ message }: Error): boolean {
  return /^(Missing (lock|key) for|Lock mismatch for|could not renew lock for|Job \S+ is not in the active state)/.test(
    message,
  );
}

/** A lost job cannot be given back either, and needs not: told once, and BullMQ is left with nothing to do for it. */
async function tellLoss(log: Log, letGo: () => Promise<unknown>): Promise<void> {
  try {
    await letGo();
  } catch (error) {
    if (!(error instanceof Error && isLostJob(error))) throw error;
    log.info('job.stale', { code: 'STALE_RESULT', error: error.message });
  }
}
