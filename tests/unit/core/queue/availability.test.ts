import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { createAvailability, isRedisRefusal } from '../../../../src/core/queue/availability.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const fault = new AppError('DATABASE_READ_ONLY', 'it is read-only');

function make(probe: () => Promise<unknown>) {
  const log = createMemoryLog();
  const [onDown, onUp] = [vi.fn(), vi.fn()];
  const availability = createAvailability({ part: 'database', log, probe, onDown, onUp });
  return { log, onDown, onUp, availability, told: () => log.events.map(({ event }) => event) };
}

describe('availability', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('pauses at a failure, probes every second, and goes on after the first answer', async () => {
    const probe = vi.fn().mockRejectedValueOnce(fault).mockRejectedValueOnce(fault).mockResolvedValue(1);
    const { availability, onDown, onUp, told } = make(probe);
    availability.reportFailure(fault);
    availability.reportFailure(fault);
    expect([availability.isDown, onDown.mock.calls.length]).toEqual([true, 1]);
    await vi.advanceTimersByTimeAsync(500 + 1_000);
    expect([probe.mock.calls.length, onUp.mock.calls.length]).toEqual([2, 0]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([availability.isDown, onUp.mock.calls.length]).toEqual([false, 1]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(told()).toEqual(['database.down', 'database.back']);
  });

  it('tries at most once a second, and tells one line a minute, where the probe succeeds and the work fails', async () => {
    const { availability, onUp, told } = make(async () => 1);
    onUp.mockImplementation(() => availability.reportFailure(fault));
    availability.reportFailure(fault);
    await vi.advanceTimersByTimeAsync(130_000);
    expect(onUp.mock.calls.length).toBeGreaterThan(50);
    expect(onUp.mock.calls.length).toBeLessThanOrEqual(131);
    expect(told()).toEqual(['database.down', 'database.still_down', 'database.still_down']);
    onUp.mockImplementation(() => undefined);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(told().at(-1)).toBe('database.back');
  });

  it('tells nothing of a suspicion that the probe does not confirm', async () => {
    const { availability, onDown, onUp, told } = make(async () => 1);
    availability.suspect();
    await vi.advanceTimersByTimeAsync(4_000);
    expect([onDown.mock.calls.length, onUp.mock.calls.length]).toEqual([1, 1]);
    expect(told()).toEqual([]);
  });

  it('does nothing after its end', async () => {
    const { availability, onUp } = make(async () => 1);
    availability.reportFailure(fault);
    availability.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onUp).not.toHaveBeenCalled();
  });
});

describe('isRedisRefusal', () => {
  it.each([
    "OOM command not allowed when used memory > 'maxmemory'. script: 1, on @user_script:1.",
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'NOAUTH Authentication required.',
  ])('knows "%s"', (message) => {
    expect(isRedisRefusal(new Error(message))).toBe(true);
  });

  it('takes no lost connection and no fault of a script for one', () => {
    for (const message of ['connect ECONNREFUSED 127.0.0.1:1', 'Missing lock for job 1', 'ERR wrong number'])
      expect(isRedisRefusal(new Error(message))).toBe(false);
  });
});
