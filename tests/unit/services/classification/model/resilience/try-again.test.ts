import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../../../../../src/core/errors.ts';
import { backoffMs, createTryAgain } from '../../../../../../src/services/classification/model/resilience/try-again.ts';

/** Time that passes by sleeping alone. */
function makeTime() {
  let nowMs = 1_000;
  const slept: number[] = [];
  return {
    slept,
    pass: (ms: number) => {
      nowMs += ms;
    },
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
    random: () => 0.5,
    sleep: async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      slept.push(ms);
      nowMs += ms;
    },
  };
}

function failing(code: ErrorCode, times: number, details: Record<string, unknown> = {}) {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    work: async () => {
      calls += 1;
      if (calls <= times) throw new AppError(code, `fault ${calls}`, { details });
      return 'answer';
    },
  };
}

const signal = new AbortController().signal;

describe('a call that fails', () => {
  test('is made again after doubled, jittered pauses', async () => {
    const time = makeTime();
    const call = failing('MODEL_UNREACHABLE', 4);
    await expect(createTryAgain(time)(call.work, signal)).resolves.toBe('answer');
    expect(time.slept).toEqual([500, 1_000, 2_000, 4_000]);
  });

  test.each([
    ['MODEL_UNREACHABLE', 5],
    ['MODEL_TIMEOUT', 1],
    ['MODEL_RATE_LIMITED', 5],
    ['MODEL_REPLY_TOO_LARGE', 2],
    ['MODEL_REPLY_INVALID', 2],
    ['MODEL_REFUSED_CONTENT', 1],
    ['MODEL_REQUEST_REFUSED', 1],
    ['MODEL_REFUSED_KEY', 1],
    ['MODEL_QUOTA', 1],
    ['BUG', 1],
  ] as const)('%s is tried %i times', async (code, tries) => {
    const call = failing(code, 100);
    await expect(createTryAgain(makeTime())(call.work, signal)).rejects.toMatchObject({ code });
    expect(call.calls).toBe(tries);
  });

  test.each([
    ['MODEL_UNREACHABLE', 2],
    ['MODEL_REPLY_TOO_LARGE', 2],
    ['MODEL_TIMEOUT', 1],
  ] as const)('and was abandoned after it was sent is tried a few times only: %s, %i (M4)', async (code, tries) => {
    const call = failing(code, 100, { isAbandoned: true });
    await expect(createTryAgain(makeTime())(call.work, signal)).rejects.toMatchObject({ code });
    expect(call.calls).toBe(tries);
  });

  test('for a reason of our own is not made again', async () => {
    let calls = 0;
    const work = async () => {
      calls += 1;
      throw new TypeError('ours');
    };
    await expect(createTryAgain(makeTime())(work, signal)).rejects.toThrow('ours');
    expect(calls).toBe(1);
  });

  test('is not made again once the work was aborted', async () => {
    const controller = new AbortController();
    const call = failing('MODEL_UNREACHABLE', 100);
    const time = makeTime();
    const sleep = async (_ms: number, given: AbortSignal) => {
      controller.abort(new Error('stopping'));
      given.throwIfAborted();
    };
    const again = createTryAgain({ ...time, sleep });
    await expect(again(call.work, controller.signal)).rejects.toThrow('stopping');
    expect(call.calls).toBe(1);
  });
});

test('D1 what one call was asked to wait, all calls wait', async () => {
  const time = makeTime();
  const again = createTryAgain(time);
  const first = failing('MODEL_RATE_LIMITED', 1, { retryAfterMs: 20_000 });
  await again(first.work, signal);
  expect(time.slept).toEqual([500, 19_500]);
  const limited = failing('MODEL_RATE_LIMITED', 100, { retryAfterMs: 90_000 });
  await expect(again(limited.work, signal)).rejects.toMatchObject({ code: 'MODEL_RATE_LIMITED' });
  const other = failing('BUG', 0);
  await expect(again(other.work, signal)).rejects.toMatchObject({ code: 'MODEL_RATE_LIMITED' });
  expect([limited.calls, other.calls]).toEqual([1, 0]);
  time.pass(90_000);
  await expect(again(other.work, signal)).resolves.toBe('answer');
});

test('a refused key is looked at again once a minute, however many jobs ask', async () => {
  const time = makeTime();
  const again = createTryAgain(time);
  const call = failing('MODEL_REFUSED_KEY', 100);
  for (let minute = 1; minute <= 10; minute += 1) {
    for (let job = 0; job < 50; job += 1)
      await expect(again(call.work, signal)).rejects.toMatchObject({ code: 'MODEL_REFUSED_KEY' });
    time.pass(60_000);
  }
  expect(call.calls).toBe(10);
});

test('D1 where a queue can wait, a longer wait is thrown with its length, and no call is made before it is over', async () => {
  const time = makeTime();
  const again = createTryAgain({ ...time, maxWaitMs: 1_000 });
  const limited = failing('MODEL_RATE_LIMITED', 1, { retryAfterMs: 20_000 });
  await expect(again(limited.work, signal)).rejects.toMatchObject({ details: { holdMs: 20_000 } });
  time.pass(5_000);
  const other = failing('BUG', 0);
  await expect(again(other.work, signal)).rejects.toMatchObject({ details: { holdMs: 15_000 } });
  expect(other.calls).toBe(0);
  time.pass(15_000);
  await expect(again(other.work, signal)).resolves.toBe('answer');
});

test('D2 five throttles in a row halve the calls at a time, and each round that goes well adds one', async () => {
  const time = makeTime();
  const again = createTryAgain({ ...time, maxConcurrency: 8, sleep: async () => undefined });
  const waiting: (() => void)[] = [];
  let most = 0;
  /** Calls that end when they are told to: how many are out at a time. */
  const wave = async (count: number) => {
    most = 0;
    const calls = Array.from({ length: count }, () =>
      again(() => new Promise<string>((resolve) => void waiting.push(() => resolve('answer'))), signal),
    );
    for (let left = count; left > 0; ) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, waiting.length);
      const now = waiting.splice(0);
      left -= now.length;
      for (const end of now) end();
    }
    await Promise.all(calls);
    return most;
  };
  expect(await wave(16)).toBe(8);
  const throttled = Array.from({ length: 8 }, () => again(failing('MODEL_RATE_LIMITED', 1).work, signal));
  await Promise.all(throttled);
  expect(await wave(4)).toBe(4);
  expect(await wave(40)).toBeGreaterThan(4);
});

test('after twenty consecutive faults no call is made for half a minute; then one trial call, and its answer closes the circuit', async () => {
  const time = makeTime();
  const again = createTryAgain({ ...time, maxWaitMs: 1_000 });
  const down = failing('MODEL_UNREACHABLE', 21);
  for (let job = 0; job < 4; job += 1) await expect(again(down.work, signal)).rejects.toThrow();
  expect(down.calls).toBe(20);
  await expect(again(down.work, signal)).rejects.toMatchObject({ details: { holdMs: expect.any(Number) } });
  expect(down.calls).toBe(20);
  time.pass(31_000);
  // The trial fails, and the way is closed for twice as long.
  await expect(again(down.work, signal)).rejects.toMatchObject({ details: { holdMs: expect.any(Number) } });
  expect(down.calls).toBe(21);
  time.pass(31_000);
  await expect(again(down.work, signal)).rejects.toMatchObject({ code: 'MODEL_UNREACHABLE' });
  expect(down.calls).toBe(21);
  time.pass(31_000);
  await expect(again(down.work, signal)).resolves.toBe('answer');
});

test('pauses end at a minute', () => {
  expect(backoffMs(30, () => 1)).toBe(60_000);
  expect(backoffMs(1, () => 0)).toBe(0);
});
