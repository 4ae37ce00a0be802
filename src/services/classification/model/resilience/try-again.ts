/**
 * Tries a model call again by seconds, and keeps the whole process away from a provider that asked to wait, refused us or
 * fails without end: what one call learns, all calls heed. How many calls are out at a time is decided here too.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Clock } from '../../../../core/clock.ts';
import { AppError, type ErrorCode } from '../../../../core/errors.ts';
import { isAbandoned } from '../providers/provider-fault.ts';

export type TryAgain = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface TryAgainOptions {
  readonly clock: Clock;
  /** Calls at a time; unset: as many as there are. */
  readonly maxConcurrency?: number;
  /**
   * What is waited for in place. A longer wait is thrown with `details.holdMs`, so that a queue waits and nobody's attempt:
   * 1 s there; a minute where no queue is, as for a bare file.
   */
  readonly longestWaitMs?: number;
  /** How long nobody asks a provider that refused key or quota; a queue has a look of its own each minute. */
  readonly refusalMs?: number;
  /** False: each call is made once. */
  readonly isPatient?: boolean;
  /** From 0 to 1, 1 excluded. */
  readonly random?: () => number;
  /** Rejects when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** failure-matrix, principle 6: exponential with full jitter, 1 s base, 60 s cap, 5 tries. */
const baseMs = 1_000;
const capMs = 60_000;
/**
 * Tries in one attempt of a job; a code that is not here is not tried again. A call that used up LLM_TIMEOUT_SECONDS leaves no time
 * for another one: the queue repeats its attempt.
 */
const mostTries: Partial<Record<ErrorCode, number>> = {
  MODEL_RATE_LIMITED: 5,
  MODEL_UNREACHABLE: 5,
  MODEL_TIMEOUT: 1,
  MODEL_REPLY_TOO_LARGE: 2,
  MODEL_REPLY_INVALID: 2,
};
/** Of these tries, how many may be abandoned: each of them may be charged. */
const maxAbandonedTries = 2;
const minuteMs = 60_000;
/** Throttles in a row that halve the calls at a time; failure-matrix D2. */
const throttlesToHalve = 5;
/** Faults in a row, of all calls together, after which nobody calls for a while: four jobs' worth, so that one alone never does it. */
const faultsToOpen = 20;
const firstOpenMs = 30_000;
const longestOpenMs = 300_000;
/** While one call tries whether the provider is back. */
const trialMs = 1_000;

/** One for a process. Tries multiply with nothing: the client below makes one call a try, the queue repeats attempts by minutes. */
export function createTryAgain(options: TryAgainOptions): TryAgain {
  const { clock, random = Math.random, sleep = defaultSleep } = options;
  const {
    isPatient = true,
    maxConcurrency = Number.POSITIVE_INFINITY,
    longestWaitMs = minuteMs,
    refusalMs = minuteMs,
  } = options;
  const gate = createGate(clock);
  const slots = createSlots(maxConcurrency);

  /** Returns when a call may be made, and what to do when it has ended; throws where that takes too long for an attempt. */
  const pass = async (signal: AbortSignal): Promise<() => void> => {
    for (;;) {
      signal.throwIfAborted();
      const wait = gate.enter();
      if (typeof wait === 'function') return wait;
      if (wait.error.fault === 'held') throw wait.error;
      if (wait.leftMs >= longestWaitMs) throw withHold(wait.error, wait.leftMs);
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
        // What the gate threw nobody has to learn.
        if (signal.aborted || !(error instanceof AppError) || error.details.holdMs !== undefined) throw error;
        learn(error);
        const { retryAfterMs } = error.details;
        if (typeof retryAfterMs === 'number' && retryAfterMs >= longestWaitMs) throw withHold(error, retryAfterMs);
        if (isAbandoned(error)) abandonedTries += 1;
        const isLast = tries >= (mostTries[error.code] ?? 1) || abandonedTries >= maxAbandonedTries;
        if (!isPatient || isLast) throw error;
        // The gate already makes everybody wait for what was asked; the jitter parts them afterwards.
        await sleep(backoffMs(tries, random), signal);
      }
    }
  };
}

/** The way to the provider: closed for a time, and after many faults opened for one call first. Times are monotonic. */
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
    /** A function: go, and call it afterwards. */
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
    /** It spoke, if only to refuse. */
    answered() {
      faults = 0;
      openMs = firstOpenMs;
      trial = undefined;
      // Whoever looked once a minute found that we are no longer refused.
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
        openMs = Math.min(longestOpenMs, openMs * 2);
      }
    },
  };
}

/** Calls at a time: halved when throttled, then one more for each round that went well. */
function createSlots(most: number) {
  const limit = pLimit(most);
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
      if (limit.concurrency >= most) return;
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

/** @param tries failed so far, from 1 */
export function backoffMs(tries: number, random: () => number): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** (tries - 1)));
}

function defaultSleep(ms: number, signal: AbortSignal): Promise<void> {
  return sleepFor(ms, undefined, { signal });
}
