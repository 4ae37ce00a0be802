/** The last step of a delivery: what BullMQ does with the job. Everything that is to outlive the job is committed and published by now. */
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { AppError } from '../errors.ts';
import type { Log } from '../log/logger.ts';
import type { JobData } from './queues.ts';

/** A job as BullMQ hands it to this worker, with the token of the lock. */
export interface Delivery {
  readonly bullJob: Job<JobData>;
  readonly token: string;
}

export type Acknowledgement = (
  | { /** Acknowledged: BullMQ forgets the job. */ readonly kind: 'complete' }
  | {
      /** Acknowledged as failed: BullMQ keeps the job for its tools and never runs it again. */ readonly kind: 'fail';
      readonly error: AppError;
    }
  | {
      /** Not acknowledged: another attempt, which BullMQ counts. */ readonly kind: 'retry';
      readonly error: AppError;
      readonly delayMs: number;
    }
  | {
      /** Not acknowledged: comes back at this moment; no attempt is counted. */ readonly kind: 'snooze';
      readonly untilMs: number;
    }
  | { /** Not acknowledged: next in line for any worker; no attempt is counted. */ readonly kind: 'requeue' }
) & { readonly line?: LogLine };

/** Logged with the acknowledgement. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Thrown to BullMQ, which schedules the next attempt after `delayMs`. */
export class AttemptFailed extends Error {
  readonly delayMs: number;

  constructor(error: AppError, delayMs: number) {
    super(textOf(error));
    this.delayMs = delayMs;
  }
}

/** Whether BullMQ learns from it how a delivery ended; for anything else that is thrown it fails the job, and no row would say so. */
export function isVerdict(error: unknown): boolean {
  const verdicts = [AttemptFailed, UnrecoverableError, DelayedError, WaitingError];
  return verdicts.some((each) => error instanceof each);
}

/** Returns where BullMQ is to complete the job; throws what BullMQ understands otherwise. */
export async function acknowledge(delivery: Delivery, acknowledgement: Acknowledgement, log: Log): Promise<void> {
  const { bullJob, token } = delivery;
  const { line } = acknowledgement;
  if (acknowledgement.kind === 'requeue') {
    await moveUnlessLost(log, async () => {
      await bullJob.moveToWait(token);
      if (line) log[line.level](line.event, line.fields);
    });
    throw new WaitingError();
  }
  if (line) log[line.level](line.event, line.fields);
  switch (acknowledgement.kind) {
    case 'complete':
      return;
    case 'fail':
      throw new UnrecoverableError(textOf(acknowledgement.error));
    case 'retry':
      throw new AttemptFailed(acknowledgement.error, acknowledgement.delayMs);
    case 'snooze':
      await moveUnlessLost(log, () => bullJob.moveToDelayed(acknowledgement.untilMs, token));
      throw new DelayedError();
  }
}

/** What BullMQ says of a job that another worker has by now, or that is gone since Redis was emptied: expected, the row decides. */
export function isLostJob({ message }: Error): boolean {
  return /^(Missing (lock|key) for|Lock mismatch for|could not renew lock for|Job \S+ is not in the active state)/.test(
    message,
  );
}

/** A job that this worker has lost cannot be moved, and needs not be: it is logged, and BullMQ has nothing left to do for it. */
async function moveUnlessLost(log: Log, move: () => Promise<unknown>): Promise<void> {
  try {
    await move();
  } catch (error) {
    if (!(error instanceof Error && isLostJob(error))) throw error;
    log.info('job.stale', { code: 'STALE_RESULT', error: error.message });
  }
}

function textOf({ code, message }: AppError): string {
  return `${code}: ${message}`;
}
