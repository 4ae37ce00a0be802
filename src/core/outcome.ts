/** The ways in which an attempt of a job ends. A handler that returns anything else fails with TASK_INVALID. */
import { AppError } from './errors.ts';

/** A Redis key that a result is also read from, written with the result and only after it was committed. */
export interface CacheEntry {
  readonly key: string;
  /** JSON text. null deletes the key. */
  readonly json: string | null;
  readonly lifeSeconds: number;
}

export interface Complete {
  readonly kind: 'complete';
  /** JSON-able. */
  readonly result: unknown;
  /** True when the handler's own transaction already ended the job row. */
  readonly isRecorded: boolean;
  readonly cache: readonly CacheEntry[];
}

/** Failed now: permanent faults, and transient ones whose attempts are used up. */
export interface Fail {
  readonly kind: 'fail';
  readonly error: AppError;
  readonly cache: readonly CacheEntry[];
}

/** Failed this time; tried again later, and the attempt counts. */
export interface Retry {
  readonly kind: 'retry';
  readonly error: AppError;
  /** Unset: the task's own delay, else RETRY_DELAY_SECONDS. */
  readonly delayMs?: number;
}

/** Not now: comes back after `delayMs`, no attempt counted. */
export interface Snooze {
  readonly kind: 'snooze';
  readonly reason: string;
  readonly delayMs: number;
}

/** No job of its queue can be served now: the queue waits, this job is next in line, no attempt counted. */
export interface Hold {
  readonly kind: 'hold';
  readonly error: AppError;
  /** How long; null: until a probe of the provider succeeds. */
  readonly forMs: number | null;
}

/** This process stops: the job is next in line for another one, no attempt counted. */
export interface Requeue {
  readonly kind: 'requeue';
}

/** The job was ended elsewhere meanwhile (cancelled, or a newer run): nothing is written. */
export interface Closed {
  readonly kind: 'closed';
  readonly reason: string;
}

export type Outcome = Complete | Fail | Retry | Snooze | Hold | Requeue | Closed;

const kinds: readonly Outcome['kind'][] = ['complete', 'fail', 'retry', 'snooze', 'hold', 'requeue', 'closed'];

export function complete(
  result: unknown,
  { isRecorded = false, cache = [] }: { isRecorded?: boolean; cache?: readonly CacheEntry[] } = {},
): Complete {
  return { kind: 'complete', result, isRecorded, cache };
}

/** @param error any thrown value; one that is no AppError becomes TASK_FAILED with its message */
export function fail(error: unknown, { cache = [] }: { cache?: readonly CacheEntry[] } = {}): Fail {
  return { kind: 'fail', error: asTaskError(error), cache };
}

/** @param error as for `fail` */
export function retry(error: unknown, { delayMs }: { delayMs?: number } = {}): Retry {
  return { kind: 'retry', error: asTaskError(error), ...(delayMs === undefined ? {} : { delayMs }) };
}

const maxMessageLength = 1_024;

function asTaskError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : describeThrown(error);
  return new AppError('TASK_FAILED', message.slice(0, maxMessageLength), { cause: error });
}

/** An error that clients who read results see as an exception of this type. */
export function namedError(
  type: string,
  message: string,
  { module = 'builtins', args = [message] }: { module?: string; args?: readonly unknown[] } = {},
): AppError {
  return new AppError('TASK_FAILED', message.slice(0, maxMessageLength), {
    details: { exception: { type, module, args } },
  });
}

export function snooze(reason: string, delayMs: number): Snooze {
  return { kind: 'snooze', reason, delayMs };
}

/** The name of `snooze` in 0.1, which task files of that time use. */
export function stepBack(reason: string, delayMs: number): Snooze {
  return snooze(reason, delayMs);
}

export function hold(error: AppError, forMs: number | null): Hold {
  return { kind: 'hold', error, forMs };
}

export function requeue(): Requeue {
  return { kind: 'requeue' };
}

/** Reason of `closed` for a row that another run or command ended: its documents may not be published yet. */
export const endedElsewhere = 'the row was ended by another process';

export function closed(reason: string): Closed {
  return { kind: 'closed', reason };
}

/** What a handler gave back, or a failure that names what it may give back. */
export function asOutcome(task: string, value: unknown): Outcome {
  if (typeof value === 'object' && value !== null && 'kind' in value && kinds.some((kind) => kind === value.kind)) {
    return value as Outcome;
  }
  return fail(
    new AppError(
      'TASK_INVALID',
      `Task "${task}" returned no outcome. Return complete(), fail(), retry() or snooze() of core/outcome.`,
    ),
  );
}

/** An object that is no Error may not even have a toString. */
function describeThrown(thrown: unknown): string {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
  if (typeof thrown === 'object' || typeof thrown === 'function')
    return `${typeof thrown === 'object' ? 'an object' : 'a function'} instead of an Error`;
  return String(thrown);
}

/** The outcome of an error a handler threw; `details.holdMs`: so long its whole queue is to wait. Unknown errors are retried: most are other programs' faults that pass. */
export function outcomeOfError(task: string, error: unknown): Outcome {
  if (!(error instanceof AppError)) {
    const message = `Task "${task}" failed: ${describeThrown(error)}`;
    return retry(new AppError('TASK_FAILED', message.slice(0, maxMessageLength), { cause: error }));
  }
  if (error.fault === 'permanent') return fail(error);
  const { holdMs } = error.details;
  if (typeof holdMs === 'number') return hold(error, holdMs);
  if (error.fault === 'held') return hold(error, null);
  return error.fault === 'throttled' ? snooze(error.code, 60_000) : retry(error);
}
