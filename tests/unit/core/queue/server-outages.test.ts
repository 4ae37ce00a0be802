import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { createServerOutages } from '../../../../src/core/queue/server-outages.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function make() {
  const done: string[] = [];
  let isUp = false;
  const probe = async () => {
    if (!isUp) throw new AppError('DATABASE_UNREACHABLE', 'still away');
  };
  const outages = createServerOutages({
    redisAddress: '127.0.0.1:6379',
    log: createMemoryLog(),
    probeDatabase: probe,
    probeRedis: probe,
    onDown: () => void done.push('down'),
    onUp: () => void done.push('up'),
  });
  return {
    outages,
    done,
    comeBack() {
      isUp = true;
    },
  };
}

it('a fault of the database pauses the work until the database answers', async () => {
  const { outages, done, comeBack } = make();
  const fault = new AppError('DATABASE_UNREACHABLE', 'away');
  expect(outages.report(fault)).toBe(fault);
  expect([outages.isDown, done]).toEqual([true, ['down']]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(done).toEqual(['down']);
  comeBack();
  await vi.advanceTimersByTimeAsync(2_000);
  expect([outages.isDown, done]).toEqual([false, ['down', 'up']]);
  outages.stop();
});

it('work resumes when both servers are back', async () => {
  const { outages, done, comeBack } = make();
  outages.report(new AppError('DATABASE_UNREACHABLE', 'away'));
  expect(outages.reportQueueError(new Error('LOADING Redis is loading the dataset in memory'))).toBe(true);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(done).not.toContain('up');
  comeBack();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(done.at(-1)).toBe('up');
  outages.stop();
});

it('errors of the job, and of the queue that are no refusal, pause nothing', () => {
  const { outages, done } = make();
  expect(outages.report(new AppError('TASK_FAILED', 'x'))).toBeUndefined();
  expect(outages.report(new TypeError('x'))).toBeUndefined();
  expect(outages.reportQueueError(new Error('odd'))).toBe(false);
  expect([outages.isDown, done]).toEqual([false, []]);
});

it('a connection that was lost is a fault of Redis, in our words', () => {
  const { outages } = make();
  const lost = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' });
  expect(outages.report(lost)).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  outages.stop();
});
