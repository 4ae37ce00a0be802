import { expect, it } from 'vitest';
import { readRateLimit } from '../../../../src/celery/control/rate-limit.ts';

it.each([
  ['10/m', { max: 10, durationMs: 60_000 }],
  ['100', { max: 100, durationMs: 1_000 }],
  ['5/h', { max: 5, durationMs: 3_600_000 }],
  ['0.5/s', { max: 1, durationMs: 2_000 }],
  ['2.5/s', { max: 2, durationMs: 800 }],
  [7, { max: 7, durationMs: 1_000 }],
  ['0', null],
  [0, null],
  [null, null],
])('%j means %j', (given, limit) => {
  expect(readRateLimit(given)).toEqual({ limit });
});

it.each([
  ['zz', `Invalid rate limit string: ValueError("could not convert string to float: 'zz'")`],
  ['', null],
  ['1/x', "KeyError('x')"],
])('%j is answered as Celery does', (given, error) => {
  expect(readRateLimit(given)).toEqual(error === null ? { limit: null } : { error });
});
