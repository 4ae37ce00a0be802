import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeTaskMessage } from '../../../../src/celery/protocol/encode-task-message.ts';
import { isBadMessage, readTaskMessage } from '../../../../src/celery/protocol/read-task-message.ts';
import type { TaskMessage } from '../../../../src/celery/protocol/task-message.ts';
import { createRedisRetry } from '../../../../src/celery/results/redis-retry.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const messageOf = (id: string): TaskMessage => {
  const message = readTaskMessage(
    encodeTaskMessage({ id, task: 't', args: [], kwargs: {}, queue: 'q', origin: '1@h' }).raw,
  );
  if (isBadMessage(message)) throw message.error;
  return message;
};
const refused = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
const clock = { monotonicMs: () => Date.now(), wallMs: () => Date.now() };

/** Always answers with this error; counts its calls. */
const failing = (error: Error) => vi.fn(() => Promise.reject(error));

describe('what Redis refuses', () => {
  let retry: ReturnType<typeof createRedisRetry>;
  beforeEach(() => {
    vi.useFakeTimers();
    retry = createRedisRetry({ clock, log: createMemoryLog() });
  });
  afterEach(() => void vi.useRealTimers());

  const outcomeOf = async (work: () => Promise<unknown>, { id = 'm', list = 'q', waitMs = 10_500 } = {}) => {
    const attempted = retry.attempt(messageOf(id), work, list);
    const waited = vi.advanceTimersByTimeAsync(waitMs).then(() => 'still waits' as const);
    return Promise.race([attempted, waited]);
  };

  it.each([
    ['WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['NOPERM this user has no permissions to access one of the keys used as arguments'],
    ["OOM command not allowed when used memory > 'maxmemory'."],
    ['ERR anything else'],
  ])('gives up after ten seconds of "%s" (R3)', async (words) => {
    const work = failing(refused(words));
    expect(await outcomeOf(work)).toEqual({ refusal: refused(words) });
    expect(work.mock.calls.length).toBeGreaterThan(10);
    expect(work.mock.calls.length).toBeLessThan(30);
  });

  it.each([
    [new Error('Connection is closed.')],
    [new Error('Command timed out')],
    [refused("READONLY You can't write against a read only replica.")],
    [refused('LOADING Redis is loading the dataset in memory')],
  ])('waits on for a server that does not answer, or comes back by itself: %s (R3)', async (error) => {
    expect(await outcomeOf(failing(error), { waitMs: 60_000 })).toBe('still waits');
  });

  it('tries a list that was refused for good once for each further message, and counts the ten seconds by message (R3)', async () => {
    const message = messageOf('m');
    const first = retry.attempt(message, failing(refused('WRONGTYPE')), 'bad');
    await vi.advanceTimersByTimeAsync(10_500);
    expect(await first).toMatchObject({ refusal: {} });
    const same = failing(refused('OOM'));
    expect(await retry.attempt(message, same, 'other')).toMatchObject({ refusal: {} });
    const further = failing(refused('WRONGTYPE'));
    expect(await retry.attempt(messageOf('n'), further, 'bad')).toMatchObject({ refusal: {} });
    expect([same.mock.calls.length, further.mock.calls.length]).toEqual([1, 1]);
    expect(await retry.attempt(messageOf('o'), async () => 'sent', 'bad')).toEqual({ value: 'sent' });
    expect(await outcomeOf(failing(refused('WRONGTYPE')), { id: 'p', list: 'bad', waitMs: 600 })).toBe('still waits');
  });

  it('does not try again once the worker stops (R3)', async () => {
    const work = failing(refused('OOM'));
    retry.stopRetrying();
    expect(await outcomeOf(work, { waitMs: 600 })).toMatchObject({ refusal: {} });
    expect(work.mock.calls).toHaveLength(1);
  });
});
