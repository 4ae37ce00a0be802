/** Turns an outcome into the job's row, and says what is to be published and what BullMQ is to do. The row comes first: it is the truth. */
import type { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { CompletedJob, FailedAttempt, TakenJob } from '../job-ledger.ts';
import { succeededTransition, type Transition } from '../lifecycle.ts';
import { type Complete, endedElsewhere, type Hold, type Outcome } from '../outcome.ts';
import { storableText, whyNotStorable } from '../storable.ts';
import type { Acknowledgement } from './acknowledge.ts';
import type { FinishedLines } from './finished-lines.ts';

/** A result is published milliseconds after its commit, where Redis answers. */
const publicationMs = 5_000;

export interface SettleDeps {
  readonly complete: Batcher<CompletedJob, boolean>;
  readonly noteFailure: Batcher<FailedAttempt, boolean>;
  readonly worker: string;
  readonly clock: Clock;
  /** Before a further attempt of this job, where the outcome names no delay. */
  retryDelayMs(job: TakenJob): number;
  /** Makes a queue wait, for all workers. @throws AppError DATABASE_*, REDIS_UNREACHABLE */
  hold(queue: string, hold: Hold): Promise<void>;
  /** Retries of this job, the first attempt not counted. */
  maxRetries(job: TakenJob): number;
  readonly finishedLines: Pick<FinishedLines, 'nextLevel'>;
}

export interface SettleRequest {
  readonly job: TakenJob;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

/** What is left to do after the row was written. */
export interface Settlement {
  /** null: clients hear nothing of this. */
  readonly publish: Transition | null;
  readonly acknowledgement: Acknowledgement;
}

export async function settleJob(deps: SettleDeps, request: SettleRequest): Promise<Settlement> {
  const { job, outcome } = request;
  switch (outcome.kind) {
    case 'complete':
      return settleComplete(deps, request, outcome);
    case 'closed':
      return settleClosed(deps, outcome.reason);
    case 'snooze':
      return settleSnooze(deps, outcome);
    case 'hold':
      // The queue first, so that this job is not taken again at once.
      await deps.hold(job.queue, outcome);
      // Not acknowledged: the job is next in line when its queue goes on.
      return {
        publish: { kind: 'waiting', job, error: outcome.error },
        acknowledgement: { kind: 'requeue', line: line('debug', 'job.held', { code: outcome.error.code }) },
      };
    case 'requeue':
      // Not acknowledged: this process stops or has lost the job; another worker runs it.
      return { publish: null, acknowledgement: { kind: 'requeue', line: line('info', 'job.handed_back', {}) } };
    case 'fail':
      return settleFailure(deps, request, outcome.error, null);
    case 'retry': {
      const attemptsLeft = deps.maxRetries(job) - job.failedAttempts;
      const retryDelayMs = attemptsLeft > 0 ? (outcome.delayMs ?? deps.retryDelayMs(job)) : null;
      return settleFailure(deps, request, outcome.error, retryDelayMs);
    }
  }
}

async function settleComplete(deps: SettleDeps, request: SettleRequest, outcome: Complete): Promise<Settlement> {
  const { job, durationMs } = request;
  if (!outcome.isRecorded) {
    // Checked before it joins a batch: one such result would fail the whole batch, at each delivery again.
    const fault = whyNotStorable(outcome.result);
    if (fault !== undefined) return settleFailure(deps, request, resultNotStorable(job, fault), null);
    const { rowId, runId, startedAt } = job;
    const isOurs = await deps.complete.add({ rowId, runId, startedAt, result: outcome.result, worker: deps.worker });
    if (!isOurs) return settleClosed(deps, endedElsewhere);
  }
  const { result, cache } = outcome;
  return {
    publish: succeededTransition({ job, result, cache, durationMs }),
    // Acknowledged: the row holds the result.
    acknowledgement: {
      kind: 'complete',
      line: line(deps.finishedLines.nextLevel(), 'job.finished', { duration_ms: Math.round(durationMs) }),
    },
  };
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
  { job, outcome, durationMs }: SettleRequest,
  error: AppError,
  retryDelayMs: number | null,
): Promise<Settlement> {
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
  if (!isOurs) return settleClosed(deps, endedElsewhere);
  const fields = { attempt, code: error.code, error: error.message, duration_ms: Math.round(durationMs) };
  if (retryDelayMs !== null) {
    const retryLine = line('warn', 'job.retry', { ...fields, retry_in_s: Math.round(retryDelayMs / 1_000) });
    // Not acknowledged: the row notes the attempt and when the next one is due.
    return {
      publish: { kind: 'retrying', job, error },
      acknowledgement: { kind: 'retry', error, delayMs: retryDelayMs, line: retryLine },
    };
  }
  // Acknowledged as failed: the row says why.
  return {
    publish: { kind: 'failed', job, error, cache: outcome.kind === 'fail' ? outcome.cache : [] },
    acknowledgement: { kind: 'fail', error, line: line('error', 'job.failed', fields) },
  };
}

function settleSnooze({ clock }: SettleDeps, { reason, delayMs }: Extract<Outcome, { kind: 'snooze' }>): Settlement {
  const untilMs = clock.wallMs() + delayMs;
  // Not acknowledged: the task asks to be run later, and the row stays open.
  return {
    publish: null,
    acknowledgement: {
      kind: 'snooze',
      untilMs,
      line: line('debug', 'job.stepped_back', { reason, delay_ms: delayMs }),
    },
  };
}

/** The row has ended without this run. */
function settleClosed({ clock }: SettleDeps, reason: string): Settlement {
  const closedLine = line('info', 'job.closed', { reason });
  // Acknowledged: the command or the run that ended the row has published that, or the row is gone.
  if (reason !== endedElsewhere) return { publish: null, acknowledgement: { kind: 'complete', line: closedLine } };
  // Not acknowledged: the process that ended the row publishes it, and may die before. When it has had its time, this delivery comes
  // back, finds the row ended, and publishes what is missing.
  const untilMs = clock.wallMs() + publicationMs;
  return { publish: null, acknowledgement: { kind: 'snooze', untilMs, line: closedLine } };
}

type Line = NonNullable<Acknowledgement['line']>;

function line(level: Line['level'], event: string, fields: Line['fields']): Line {
  return { level, event, fields };
}
