import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { createAvailability } from '../../../../src/core/queue/availability.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const refusal = new AppError('REDIS_REFUSED', 'it lets this user do too little');
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
    availability.suspect(refusal);
    await vi.advanceTimersByTimeAsync(4_000);
    expect([onDown.mock.calls.length, onUp.mock.calls.length]).toEqual([1, 1]);
    expect(told()).toEqual([]);
  });

  it('tells the refusal itself where the probe succeeds and the work is refused again and again', async () => {
    const { availability, onUp, log } = make(async () => 1);
    onUp.mockImplementation(() => availability.suspect(refusal));
    availability.suspect(refusal);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(log.events).toMatchObject([
      { event: 'database.down', fields: { code: 'REDIS_REFUSED', error: refusal.message } },
    ]);
    expect(onUp.mock.calls.length).toBeLessThanOrEqual(31);
  });

  it('does nothing after its end', async () => {
    const { availability, onUp } = make(async () => 1);
    availability.reportFailure(fault);
    availability.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onUp).not.toHaveBeenCalled();
  });
});
