/** Celery's rate limit texts: `10/m`, `2.5/s`, `100`. `celery.utils.time.rate`. */
import { pythonError } from '../protocol/python-error.ts';
import { pythonRepr } from '../protocol/python-repr.ts';

/** At most `max` starts in `durationMs`. */
export interface RateLimit {
  readonly max: number;
  readonly durationMs: number;
}

export type RateReading = { readonly limit: RateLimit | null } | { readonly error: string };

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `limit: null` where there is none (0, null, empty); `error`: Celery's own reply. */
export function readRateLimit(given: unknown): RateReading {
  if (given === null || given === undefined || given === '' || given === 0 || given === false) return { limit: null };
  if (typeof given !== 'number' && typeof given !== 'string') {
    return { error: pythonError('TypeError', `a rate limit is text or a number, not ${typeof given}`) };
  }
  const [count = '', unit] = String(given).split('/', 2);
  const number = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(count) ? Number(count) : Number.NaN;
  if (Number.isNaN(number)) {
    const fault = pythonError('ValueError', `could not convert string to float: ${pythonRepr(count)}`);
    return { error: `Invalid rate limit string: ${fault}` };
  }
  const durationMs = unitMs[unit === undefined || unit === '' ? 's' : unit];
  if (durationMs === undefined) return { error: pythonError('KeyError', unit ?? '') };
  return { limit: number <= 0 ? null : wholeCount(number, durationMs) };
}

/** BullMQ counts whole jobs: 0.5 a second are 1 in 2 seconds. */
function wholeCount(number: number, durationMs: number): RateLimit {
  if (Number.isInteger(number)) return { max: number, durationMs };
  return number < 1
    ? { max: 1, durationMs: Math.round(durationMs / number) }
    : { max: Math.floor(number), durationMs: Math.round((durationMs * Math.floor(number)) / number) };
}
