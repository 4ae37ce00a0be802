import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTimer } from '../../../src/core/long-timer.ts';

const dayMs = 86_400_000;

describe('A timer', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it.each([[1], [dayMs], [25 * dayMs], [400 * dayMs]])('of %d ms fires once, then and not before (R7)', (delayMs) => {
    const action = vi.fn();
    startTimer(delayMs, action);
    vi.advanceTimersByTime(delayMs - 1);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(delayMs);
    expect(action).toHaveBeenCalledTimes(1);
  });

  it('that was stopped never fires, also after its first 24 days', () => {
    const action = vi.fn();
    const stop = startTimer(60 * dayMs, action);
    vi.advanceTimersByTime(30 * dayMs);
    stop();
    vi.advanceTimersByTime(60 * dayMs);
    expect(action).not.toHaveBeenCalled();
  });
});
