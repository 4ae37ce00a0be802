import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { endsWithin } from '../../../src/core/deadline.ts';
import { watchLoop } from '../../../src/core/watch-loop.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('tells a standstill with its length, and no ordinary delay', async () => {
  let standstillMs = 0;
  const onLate = vi.fn();
  const clock = { wallMs: () => 0, monotonicMs: () => performance.now() + standstillMs };
  const stop = watchLoop({ clock, onLate });
  await vi.advanceTimersByTimeAsync(2_000);
  standstillMs += 900;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(onLate).not.toHaveBeenCalled();
  standstillMs += 8_000;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(onLate.mock.calls).toEqual([[8_000]]);
  stop();
  standstillMs += 8_000;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(onLate).toHaveBeenCalledTimes(1);
});

it('waits for work no longer than the limit, and takes a failure for an end', async () => {
  const late = endsWithin(1_000, new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await late).toBe(false);
  expect(await endsWithin(1_000, Promise.resolve())).toBe(true);
  expect(await endsWithin(1_000, Promise.reject(new Error('no')))).toBe(true);
});
