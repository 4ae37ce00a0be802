import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { supervise } from '../../../../src/core/process/supervise.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

/** What the supervisor uses of a child process. */
class FakeChild extends EventEmitter {
  readonly pid = 1;
  readonly got: string[] = [];
  kill(signal: string) {
    this.got.push(signal);
    return true;
  }
  end(code: number | null, signal: string | null = null) {
    this.emit('exit', code, signal);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function start(processes: number) {
  const children: FakeChild[] = [];
  const signals = new EventEmitter();
  const log = createMemoryLog();
  const exitCode = supervise({
    processes,
    log,
    signals: signals as unknown as Pick<NodeJS.Process, 'on' | 'off'>,
    start: () => {
      const child = new FakeChild();
      children.push(child);
      return child as unknown as ReturnType<Parameters<typeof supervise>[0]['start']>;
    },
  });
  return { children, signals, log, exitCode };
}

it('starts a process that was killed again, and leaves the others alone', () => {
  const { children, log } = start(2);
  children[0]?.end(null, 'SIGKILL');
  vi.advanceTimersByTime(500);
  expect(children).toHaveLength(3);
  expect(children[1]?.got).toEqual([]);
  expect(log.named('worker.process_ended')).toHaveLength(1);
});

it('waits twice as long before each start of a process that dies at once, 30 s at most', () => {
  const { children } = start(1);
  const pausesMs: number[] = [];
  for (let round = 0; round < 9; round++) {
    children.at(-1)?.end(1);
    const [before, fromMs] = [children.length, performance.now()];
    while (children.length === before) vi.advanceTimersByTime(500);
    pausesMs.push(performance.now() - fromMs);
  }
  expect(pausesMs).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

it('forgets the long pause of one that then lived for a while', () => {
  const { children } = start(1);
  for (const pauseMs of [500, 1_000]) {
    children.at(-1)?.end(1);
    vi.advanceTimersByTime(pauseMs);
  }
  vi.advanceTimersByTime(11_000);
  children.at(-1)?.end(1);
  vi.advanceTimersByTime(500);
  expect(children).toHaveLength(4);
});

it('passes a signal on, starts nothing more, and ends with 0 when all have ended so', async () => {
  const { children, signals, exitCode } = start(3);
  signals.emit('SIGTERM', 'SIGTERM');
  expect(children.map(({ got }) => got)).toEqual([['SIGTERM'], ['SIGTERM'], ['SIGTERM']]);
  for (const child of children) child.end(0);
  expect(await exitCode).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect(children).toHaveLength(3);
});

it('kills what has not ended 35 s after the signal', async () => {
  const { children, signals, exitCode } = start(2);
  signals.emit('SIGTERM', 'SIGTERM');
  children[0]?.end(0);
  vi.advanceTimersByTime(35_000);
  expect(children[1]?.got).toEqual(['SIGTERM', 'SIGKILL']);
  children[1]?.end(null, 'SIGKILL');
  expect(await exitCode).toBe(1);
});

it('gives up with the code of a process that was refused, and stops the others', async () => {
  const { children, exitCode } = start(2);
  children[0]?.end(5);
  expect(children[1]?.got).toEqual(['SIGTERM']);
  children[1]?.end(0);
  expect(await exitCode).toBe(5);
});
