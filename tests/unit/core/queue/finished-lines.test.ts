import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFinishedLines } from '../../../../src/core/queue/finished-lines.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

describe('Lines of finished jobs', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const start = () => {
    const log = createMemoryLog();
    const clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now() };
    const lines = createFinishedLines({ clock, log });
    const finish = (jobs: number) => Array.from({ length: jobs }, () => lines.nextLevel());
    const counts = () => log.named('jobs.finished').map(({ fields }) => fields?.jobs);
    return { ...lines, finish, counts };
  };

  it('are of level info one by one (N7)', () => {
    const { finish, counts, stop } = start();
    expect(finish(10)).toEqual(Array(10).fill('info'));
    stop();
    expect(counts()).toEqual([]);
  });

  it('beyond ten a second become one line with their number', () => {
    const { finish, counts } = start();
    expect(finish(3_000).filter((level) => level === 'info')).toHaveLength(10);
    vi.advanceTimersByTime(1_000);
    expect(counts()).toEqual([2_990]);
    expect(finish(11).filter((level) => level === 'info')).toHaveLength(10);
    vi.advanceTimersByTime(1_000);
    expect(counts()).toEqual([2_990, 1]);
  });

  it('that are counted when the worker stops are written at once', () => {
    const { finish, counts, stop } = start();
    finish(12);
    stop();
    stop();
    expect(counts()).toEqual([2]);
  });
});
