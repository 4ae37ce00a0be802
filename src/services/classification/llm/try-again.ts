/** Tries a model call again by seconds, and keeps the whole process away from a provider that asked to wait or refused us. */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../../../core/clock.ts';
import { AppError, type ErrorCode } from '../../../core/errors.ts';

export type TryAgain = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface TryAgainOptions {
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly random?: () => number;
  /** Rejects when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** failure-matrix, principle 6: exponential with full jitter, 1 s base, 60 s cap, 5 tries. */
const baseMs = 1_000;
const capMs = 60_000;
/** Tries in one attempt of a job; a code that is not here is not tried again. */
const mostTries: Partial<Record<ErrorCode, number>> = {
  LLM_RATE_LIMITED: 5,
  LLM_UNREACHABLE: 5,
  LLM_TIMEOUT: 5,
  LLM_REPLY_TOO_LARGE: 2,
  LLM_REPLY_INVALID: 2,
};
/** Waited for within an attempt; for longer the job steps back. */
const longestWaitMs = 60_000;
/** failure-matrix D3: one look each minute at a provider that refuses key or quota. */
const refusalMs = 60_000;

/**
 * One for a process: what one call learns (Retry-After, a refused key), all calls heed.
 * Tries multiply with nothing: the client below makes one call a try, the queue repeats attempts by minutes.
 */
export function createTryAgain({ clock, random = Math.random, sleep = defaultSleep }: TryAgainOptions): TryAgain {
  let closed: { untilMs: number; error: AppError } | undefined;
  const close = (ms: number, error: AppError) => {
    const untilMs = clock.monotonicMs() + ms;
    if (closed === undefined || untilMs > closed.untilMs) closed = { untilMs, error };
  };
  /** The time to wait, where all calls are asked to; throws where that is too long for an attempt. */
  const pass = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const current = closed;
      const leftMs = current === undefined ? 0 : current.untilMs - clock.monotonicMs();
      if (current === undefined || leftMs <= 0) return;
      if (current.error.code !== 'LLM_RATE_LIMITED' || leftMs > longestWaitMs) throw current.error;
      await sleep(leftMs, signal);
    }
  };
  return async (work, signal) => {
    for (let tries = 1; ; tries++) {
      await pass(signal);
      try {
        return await work();
      } catch (error) {
        if (signal.aborted || !(error instanceof AppError)) throw error;
        const { retryAfterMs } = error.details;
        if (typeof retryAfterMs === 'number') close(retryAfterMs, error);
        if (error.code === 'LLM_REFUSED_KEY' || error.code === 'LLM_QUOTA') close(refusalMs, error);
        if (tries >= (mostTries[error.code] ?? 1)) throw error;
        // The gate already makes everybody wait for what was asked; the jitter parts them afterwards.
        await sleep(backoffMs(tries, random), signal);
      }
    }
  };
}

/** @param tries failed so far, from 1 */
export function backoffMs(tries: number, random: () => number): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** (tries - 1)));
}

function defaultSleep(ms: number, signal: AbortSignal): Promise<void> {
  return sleepFor(ms, undefined, { signal });
}
