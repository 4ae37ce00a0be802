/**
 * Runs suspect jobs one by one in child processes. A job whose worker died may have killed it: here it kills at most the child, which
 * has no other job, so that only a job that dies isolated is failed. A child is kept for the next suspect for a while.
 */
import type { ChildProcess, ForkOptions } from 'node:child_process';
import type { Job } from 'bullmq';
import { AppError } from '../errors.ts';
import type { JobLedger, TakenJob } from '../job-ledger.ts';
import type { Log } from '../log/logger.ts';
import { closed, complete, fail, hold, type Outcome, requeue, retry, snooze } from '../outcome.ts';
import { forkEntry } from '../process/fork-entry.ts';
import type { JobData } from './queues.ts';
import { abortReasons } from './run-job.ts';

/** After a kill -9 of a busy worker all its jobs are suspects; two at a time keep the other core for the rest. */
const maxChildren = 2;
/** Stalls after which a job runs with no other suspect beside it; if the worker dies of that too, it fails as JOB_POISONED. */
const stallsBeforeSingle = 2;
const idleChildLifeMs = 10_000;
const busyDelayMs = 1_000;

/** What goes over the channel; errors as code and message. */
export type ToChild =
  | { readonly kind: 'start'; readonly options: unknown }
  | { readonly kind: 'run'; readonly rowId: string }
  | { readonly kind: 'abort'; readonly reason: string };
export type FromChild = { readonly kind: 'ready' } | { readonly kind: 'outcome'; readonly outcome: SentOutcome };

interface SentError {
  readonly code: string;
  readonly message: string;
  /** The exception that clients who read results are to see, where the task named one. */
  readonly exception?: unknown;
}

/** An outcome as JSON. */
export type SentOutcome =
  | Exclude<Outcome, { kind: 'fail' | 'retry' | 'hold' }>
  | ({ readonly kind: 'fail' } & SentError)
  | ({ readonly kind: 'retry'; readonly delayMs?: number } & SentError)
  | ({ readonly kind: 'hold'; readonly forMs: number | null } & SentError);

export interface PoolRun {
  readonly signal: AbortSignal;
  /** Given: the job waits until no other suspect runs, and this is awaited once it has that slot, before it is started. */
  readonly beforeSingle?: () => Promise<void>;
}

export interface IsolationPool {
  /**
   * Runs a job in a child of its own. A snooze when no child is free; a failure with JOB_POISONED when the child died of it.
   * @throws what `beforeSingle` throws; the job was not started then
   */
  run(rowId: string, run: PoolRun): Promise<Outcome>;
  stop(): void;
}

export interface IsolationOptions {
  /** The child's file; it is sent `start` with `options` first. */
  readonly entry: URL;
  readonly options: unknown;
  readonly fork?: ForkOptions;
  readonly log: Log;
}

interface Child {
  readonly process: ChildProcess;
  isBusy: boolean;
  idleTimer?: NodeJS.Timeout;
}

export function createIsolationPool({ entry, options, fork: forkOptions = {}, log }: IsolationOptions): IsolationPool {
  const children = new Set<Child>();
  let isStopped = false;
  let isSingleRunning = false;

  const start = (): Child => {
    const child: Child = {
      process: forkEntry(entry, { ...forkOptions, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
      isBusy: false,
    };
    children.add(child);
    child.process.once('exit', () => {
      clearTimeout(child.idleTimer);
      children.delete(child);
    });
    child.process.on('error', (error) => log.warn('worker.child_failed', { error: error.message }));
    send(child, { kind: 'start', options });
    return child;
  };

  const findFree = (): Child | undefined =>
    [...children].find(({ isBusy }) => !isBusy) ?? (children.size < maxChildren ? start() : undefined);

  const release = (child: Child) => {
    child.isBusy = false;
    child.idleTimer = setTimeout(() => child.process.kill(), idleChildLifeMs);
    child.idleTimer.unref();
  };

  return {
    async run(rowId, { signal, beforeSingle }) {
      const single = beforeSingle !== undefined;
      const isTaken = isSingleRunning || (single && [...children].some(({ isBusy }) => isBusy));
      const child = isStopped || isTaken ? undefined : findFree();
      if (!child) return snooze('waits for a process of its own', busyDelayMs);
      clearTimeout(child.idleTimer);
      child.isBusy = true;
      isSingleRunning = single;
      const abort = () => send(child, { kind: 'abort', reason: String(signal.reason) });
      signal.addEventListener('abort', abort, { once: true });
      try {
        await beforeSingle?.();
        const outcome = await outcomeOf(child, rowId);
        if (!outcome && (isStopped || signal.aborted)) return requeue();
        return outcome ?? fail(poisoned());
      } finally {
        if (children.has(child)) release(child);
        if (single) isSingleRunning = false;
        signal.removeEventListener('abort', abort);
      }
    },
    stop() {
      isStopped = true;
      for (const { process } of children) process.kill();
    },
  };
}

/** How often a worker died while it ran the job: BullMQ's count, or the row's mark where Redis was emptied since. */
export function stallsOf({ isIsolated }: TakenJob, stalledCounter: number): number {
  return Math.max(stalledCounter, isIsolated ? 1 : 0);
}

/** The note that a job was started as the only suspect. BullMQ keeps it beside its count of stalls, so both are lost together. */
export interface SingleRunNote {
  /** Set, and not cleared: its worker died during that run. */
  readonly isSet: boolean;
  set(): Promise<void>;
  clear(): Promise<void>;
}

export function singleRunNoteOf(bullJob: Pick<Job<JobData>, 'data' | 'updateData'>): SingleRunNote {
  const { runsSingle, ...data } = bullJob.data;
  return {
    isSet: runsSingle === true,
    set: () => bullJob.updateData({ ...data, runsSingle: true }),
    // A note that stays costs a job that is then held by a dying worker its last try; an outcome that is lost costs more.
    clear: () => bullJob.updateData(data).catch(() => undefined),
  };
}

export interface IsolatedRun {
  readonly job: TakenJob;
  /** At least 1. */
  readonly stalls: number;
  readonly note: SingleRunNote;
  readonly signal: AbortSignal;
}

/**
 * A job whose worker died runs in a child that has no other. A stall proves nothing, as all jobs stall that a dead worker ran or held.
 * From the second on no other suspect runs beside the job, and a worker that dies meanwhile is proof: the job fails without another try.
 */
export async function runIsolated(
  { isolation, ledger }: { isolation: Pick<IsolationPool, 'run'>; ledger: Pick<JobLedger, 'markIsolated'> },
  { job, stalls, note, signal }: IsolatedRun,
): Promise<Outcome> {
  if (note.isSet) return fail(poisoned());
  if (!job.isIsolated) await ledger.markIsolated(job.rowId);
  if (stalls < stallsBeforeSingle) return isolation.run(job.rowId, { signal });
  const outcome = await isolation.run(job.rowId, { signal, beforeSingle: note.set });
  // After the lock was lost the job is another worker's, and so is the note.
  if (signal.reason !== abortReasons.lockLost) await note.clear();
  return outcome;
}

function poisoned(): AppError {
  return new AppError(
    'JOB_POISONED',
    'This job stopped the worker while it ran alone; it is set aside. Look at its input, then retry it by hand.',
  );
}

/** Undefined: the child died. */
function outcomeOf(child: Child, rowId: string): Promise<Outcome | undefined> {
  return new Promise((resolve) => {
    const onMessage = (message: FromChild) => {
      if (message.kind === 'outcome') finish(received(message.outcome));
    };
    const onExit = () => finish(undefined);
    const finish = (outcome: Outcome | undefined) => {
      child.process.off('message', onMessage);
      child.process.off('exit', onExit);
      resolve(outcome);
    };
    child.process.on('message', onMessage);
    child.process.once('exit', onExit);
    send(child, { kind: 'run', rowId });
  });
}

function send(child: Child, message: ToChild): void {
  // A child that just died has no channel; its exit is what counts.
  if (child.process.connected) child.process.send(message, () => undefined);
}

/** As the child sends it. */
export function toSent(outcome: Outcome): SentOutcome {
  if (!('error' in outcome)) return outcome;
  const { code, message, details } = outcome.error;
  const error: SentError = { code, message, exception: details.exception };
  if (outcome.kind === 'hold') return { kind: 'hold', ...error, forMs: outcome.forMs };
  return outcome.kind === 'fail' ? { kind: 'fail', ...error } : { kind: 'retry', ...error, delayMs: outcome.delayMs };
}

function received(sent: SentOutcome): Outcome {
  switch (sent.kind) {
    case 'fail':
      return fail(receivedError(sent));
    case 'hold':
      return hold(receivedError(sent), sent.forMs);
    case 'retry':
      return retry(receivedError(sent), sent);
    case 'complete':
      return complete(sent.result, sent);
    case 'snooze':
      return snooze(sent.reason, sent.delayMs);
    case 'closed':
      return closed(sent.reason);
    case 'requeue':
      return requeue();
  }
}

function receivedError({ code, message, exception }: SentError): AppError {
  return new AppError(code as AppError['code'], message, exception === undefined ? {} : { details: { exception } });
}
