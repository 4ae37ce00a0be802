/**
 * Retries model calls with backoff, limits their concurrency, and holds all calls of the process (a circuit breaker) while a provider
 * asks to wait, refuses the key or keeps failing.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Clock } from '../../../../core/clock.ts';
import { AppError, type ErrorCode } from '../../../../core/errors.ts';
import { isAbandoned } from '../providers/provider-fault.ts';

export type TryAgain = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface TryAgainOptions {
  readonly clock: Clock;
  /** Calls at the same time; unset: no limit. */
  readonly maxConcurrency?: number;
  /**
   * Longer waits are not made here but thrown with `details.holdMs`, so that the queue waits and no attempt is used up: 1 s with a
   * queue; a minute without one, as when classifying a file.
   */
  readonly maxWaitMs?: number;
  /** How long no call is made after a provider refused key or quota; with a queue, the queue tries again each minute. */
  readonly refusalMs?: number;
  /** False: no retries. */
  readonly isPatient?: boolean;
  /** From 0 to 1, 1 excluded. */
  readonly random?: () => number;
  /** Rejects when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Exponential backoff with full jitter. */
const baseMs = 1_000;
const capMs = 60_000;
/**
 * Tries within one attempt of a job; other codes are not retried. After a call that took LLM_TIMEOUT_SECONDS there is no time for
 * another one: the queue retries the job.
 */
const maxTries: Partial<Record<ErrorCode, number>> = {
  MODEL_RATE_LIMITED: 5,
  MODEL_UNREACHABLE: 5,
  MODEL_TIMEOUT: 1,
  MODEL_REPLY_TOO_LARGE: 2,
  MODEL_REPLY_INVALID: 2,
};
/** Limit of abandoned tries among these, because each may be charged. */
const maxAbandonedTries = 2;
const minuteMs = 60_000;
/** Consecutive rate limits that halve the concurrency. */
const throttlesToHalve = 5;
/** Consecutive faults of all calls that open the circuit: four jobs' worth of tries, so that one job cannot open it. */
const faultsToOpen = 20;
const firstOpenMs = 30_000;
const maxOpenMs = 300_000;
/** How long other calls wait while one call tests whether the provider is back. */
const trialMs = 1_000;

/** Create one per process. Nothing below it retries: one try is one HTTP call. Above it the queue retries jobs after minutes. */
export function createTryAgain(options: TryAgainOptions): TryAgain {
  const { clock, random = Math.random, sleep = defaultSleep } = options;
  const {
    isPatient = true,
    maxConcurrency = Number.POSITIVE_INFINITY,
    maxWaitMs = minuteMs,
    refusalMs = minuteMs,
  } = options;
  const gate = createGate(clock);
  const slots = createSlots(maxConcurrency);

  /** Waits until a call may be made; returns what to call when it has ended. Throws if the wait is too long for an attempt. */
  const pass = async (signal: AbortSignal): Promise<() => void> => {
    for (;;) {
      signal.throwIfAborted();
      const wait = gate.enter();
      if (typeof wait === 'function') return wait;
      if (wait.error.fault === 'held') throw wait.error;
      if (wait.leftMs >= maxWaitMs) throw withHold(wait.error, wait.leftMs);
      await sleep(wait.leftMs, signal);
    }
  };
  const learn = (error: AppError) => {
    const { retryAfterMs } = error.details;
    if (error.code === 'MODEL_UNREACHABLE' || error.code === 'MODEL_TIMEOUT') gate.failed(error);
    else gate.answered();
    if (typeof retryAfterMs === 'number') gate.close(retryAfterMs, error);
    if (error.fault === 'held') gate.close(refusalMs, error);
    if (error.code === 'MODEL_RATE_LIMITED') slots.throttled();
  };
  return async (work, signal) => {
    let abandonedTries = 0;
    for (let tries = 1; ; tries++) {
      try {
        const result = await slots.run(async () => {
          const leave = await pass(signal);
          return work().finally(leave);
        });
        gate.answered();
        slots.succeeded();
        return result;
      } catch (error) {
        // An error thrown by the gate is not a new fault.
        if (signal.aborted || !(error instanceof AppError) || error.details.holdMs !== undefined) throw error;
        learn(error);
        const { retryAfterMs } = error.details;
        if (typeof retryAfterMs === 'number' && retryAfterMs >= maxWaitMs) throw withHold(error, retryAfterMs);
        if (isAbandoned(error)) abandonedTries += 1;
        const isLast = tries >= (maxTries[error.code] ?? 1) || abandonedTries >= maxAbandonedTries;
        if (!isPatient || isLast) throw error;
        // The gate holds all calls for the requested time; the jitter then spreads them.
        await sleep(backoffMs(tries, random), signal);
      }
    }
  };
}

/** A circuit breaker: closed to all calls for some time, then after many faults first open to one trial call. Times are monotonic. */
function createGate(clock: Clock) {
  let closed: { untilMs: number; error: AppError } | undefined;
  let faults = 0;
  let openMs = firstOpenMs;
  let trial: AppError | undefined;
  let isTrying = false;

  const close = (ms: number, error: AppError) => {
    const untilMs = clock.monotonicMs() + ms;
    if (closed === undefined || untilMs > closed.untilMs) closed = { untilMs, error };
  };
  return {
    close,
    /** A function: the call may start; call the function when it has ended. */
    enter(): { leftMs: number; error: AppError } | (() => void) {
      const leftMs = closed === undefined ? 0 : closed.untilMs - clock.monotonicMs();
      if (closed !== undefined && leftMs > 0) return { leftMs, error: closed.error };
      closed = undefined;
      if (trial === undefined) return () => undefined;
      if (isTrying) return { leftMs: trialMs, error: trial };
      isTrying = true;
      return () => {
        isTrying = false;
      };
    },
    /** The provider answered, even if with a refusal. */
    answered() {
      faults = 0;
      openMs = firstOpenMs;
      trial = undefined;
      // A trial call found that key and quota are accepted again.
      if (closed?.error.fault === 'held') closed = undefined;
    },
    failed(error: AppError) {
      faults += 1;
      if (faults < faultsToOpen) return;
      trial = new AppError(
        error.code,
        `${error.message} It failed ${faults} times in a row; jobs wait, and one tries it.`,
      );
      if (closed === undefined) {
        close(openMs, trial);
        openMs = Math.min(maxOpenMs, openMs * 2);
      }
    },
  };
}

/** Concurrency limit: halved after rate limits, then raised by one after as many successes as the limit. */
function createSlots(maxConcurrency: number) {
  const limit = pLimit(maxConcurrency);
  let throttles = 0;
  let successes = 0;
  return {
    run: <T>(work: () => Promise<T>): Promise<T> => limit(work),
    throttled() {
      throttles += 1;
      successes = 0;
      if (throttles < throttlesToHalve) return;
      throttles = 0;
      const now = Math.min(limit.concurrency, Math.max(1, limit.activeCount));
      limit.concurrency = Math.max(1, Math.floor(now / 2));
    },
    succeeded() {
      throttles = 0;
      if (limit.concurrency >= maxConcurrency) return;
      successes += 1;
      if (successes < limit.concurrency) return;
      successes = 0;
      limit.concurrency += 1;
    },
  };
}

function withHold({ code, message, details }: AppError, holdMs: number): AppError {
  return new AppError(code, message, { details: { ...details, holdMs } });
}

/** @param tries failed tries so far, from 1 */
export function backoffMs(tries: number, random: () => number): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** (tries - 1)));
}

function defaultSleep(ms: number, signal: AbortSignal): Promise<void> {
  return sleepFor(ms, undefined, { signal });
}
