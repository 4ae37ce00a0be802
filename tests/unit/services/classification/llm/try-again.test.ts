import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../../../../src/core/errors.ts';
import { backoffMs, createTryAgain } from '../../../../../src/services/classification/llm/try-again.ts';

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
    const call = failing('LLM_UNREACHABLE', 4);
    await expect(createTryAgain(time)(call.work, signal)).resolves.toBe('answer');
    expect(time.slept).toEqual([500, 1_000, 2_000, 4_000]);
  });

  test.each([
    ['LLM_UNREACHABLE', 5],
    ['LLM_TIMEOUT', 5],
    ['LLM_RATE_LIMITED', 5],
    ['LLM_REPLY_TOO_LARGE', 2],
    ['LLM_REPLY_INVALID', 2],
    ['LLM_REFUSED', 1],
    ['LLM_REQUEST_REFUSED', 1],
    ['LLM_REFUSED_KEY', 1],
    ['LLM_QUOTA', 1],
    ['BUG', 1],
  ] as const)('%s is tried %i times', async (code, tries) => {
    const call = failing(code, 100);
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
    const call = failing('LLM_UNREACHABLE', 100);
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

test('what one call was asked to wait, all calls wait', async () => {
  const time = makeTime();
  const again = createTryAgain(time);
  const first = failing('LLM_RATE_LIMITED', 1, { retryAfterMs: 20_000 });
  await again(first.work, signal);
  expect(time.slept).toEqual([500, 19_500]);
  const limited = failing('LLM_RATE_LIMITED', 100, { retryAfterMs: 90_000 });
  await expect(again(limited.work, signal)).rejects.toMatchObject({ code: 'LLM_RATE_LIMITED' });
  const other = failing('BUG', 0);
  await expect(again(other.work, signal)).rejects.toMatchObject({ code: 'LLM_RATE_LIMITED' });
  expect([limited.calls, other.calls]).toEqual([1, 0]);
  time.pass(90_000);
  await expect(again(other.work, signal)).resolves.toBe('answer');
});

test('a refused key is looked at again once a minute, however many jobs ask', async () => {
  const time = makeTime();
  const again = createTryAgain(time);
  const call = failing('LLM_REFUSED_KEY', 100);
  for (let minute = 1; minute <= 10; minute += 1) {
    for (let job = 0; job < 50; job += 1)
      await expect(again(call.work, signal)).rejects.toMatchObject({ code: 'LLM_REFUSED_KEY' });
    time.pass(60_000);
  }
  expect(call.calls).toBe(10);
});

test('pauses end at a minute', () => {
  expect(backoffMs(30, () => 1)).toBe(60_000);
  expect(backoffMs(1, () => 0)).toBe(0);
});
