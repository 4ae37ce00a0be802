import { describe, expect, it } from 'vitest';
import { createDeadline, endsWithin, withDeadline } from '../../../src/core/deadline.ts';

const never = new Promise<never>(() => undefined);

describe('work with a limit', () => {
  it('ended within it, well or badly, or did not', async () => {
    expect(await endsWithin(1_000, Promise.resolve())).toBe(true);
    expect(await endsWithin(1_000, Promise.reject(new Error('x')))).toBe(true);
    expect(await endsWithin(1, never)).toBe(false);
  });

  it('of Redis answers, fails with its own error, or with one that names operation and limit', async () => {
    expect(await withDeadline(Promise.resolve(7), 1_000, 'asking')).toBe(7);
    await expect(withDeadline(Promise.reject(new Error('x')), 1_000, 'asking')).rejects.toThrow('x');
    await expect(withDeadline(never, 1, 'asking')).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
      message: 'Redis did not answer within 1 ms while asking.',
    });
  });
});

it('a deadline comes nearer and never goes farther', () => {
  let nowMs = 0;
  const deadline = createDeadline(100, () => nowMs);
  nowMs = 40;
  expect(deadline.leftMs()).toBe(60);
  deadline.shortenTo(500);
  expect(deadline.leftMs()).toBe(60);
  deadline.shortenTo(10);
  expect(deadline.leftMs()).toBe(10);
});
