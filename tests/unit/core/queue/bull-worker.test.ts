import { EventEmitter } from 'node:events';
import type { Worker } from 'bullmq';
import { beforeEach, expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { AppError } from '../../../../src/core/errors.ts';
import { AttemptFailed } from '../../../../src/core/queue/acknowledge.ts';
import {
  type BullWorkerOptions,
  concurrencyOf,
  createBullWorker,
  logWorkerError,
} from '../../../../src/core/queue/bull-worker.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

interface EngineOptions {
  readonly concurrency: number;
  readonly stalledInterval: number;
  readonly limiter?: unknown;
  readonly settings: { backoffStrategy(attempts: number, type: string, error: Error): number };
}

/** What BullMQ is given, and its events. */
class FakeEngine extends EventEmitter {
  readonly options: EngineOptions;

  constructor(_queue: string, _processor: unknown, options: EngineOptions) {
    super();
    this.options = options;
  }
}

let lost: readonly string[] = [];
beforeEach(() => {
  lost = [];
});

function make(more: Partial<BullWorkerOptions> = {}) {
  const log = createMemoryLog();
  const options: BullWorkerOptions = {
    queue: 'classification',
    processor: async () => undefined,
    connection: {} as Redis,
    name: 'worker@tests',
    concurrency: 20,
    lockMs: 25_000,
    retryDelayMs: 60_000,
    isLimited: false,
    log,
    onLocksLost: (ids) => {
      lost = ids;
    },
    onError: ({ message }) => message.startsWith('LOADING'),
    ...more,
  };
  const worker = createBullWorker(options, FakeEngine as unknown as typeof Worker);
  return { engine: worker as unknown as FakeEngine, log };
}

it('stalled jobs are looked for five times in the life of a lock', () => {
  expect(make().engine.options).toMatchObject({ concurrency: 20, stalledInterval: 5_000, lockDuration: 25_000 });
});

it('the queue `default` takes four jobs at most', () => {
  expect([concurrencyOf('default', 20), concurrencyOf('default', 2), concurrencyOf('other', 20)]).toEqual([4, 2, 20]);
});

it('only a queue that may be held gets a limiter', () => {
  expect(make().engine.options.limiter).toBeUndefined();
  expect(make({ isLimited: true }).engine.options.limiter).toBeDefined();
});

it('a further attempt waits as long as the failed one says, else RETRY_DELAY_SECONDS', () => {
  const { backoffStrategy } = make().engine.options.settings;
  expect(backoffStrategy(1, 'custom', new AttemptFailed(new AppError('TASK_FAILED', 'x'), 7))).toBe(7);
  expect(backoffStrategy(1, 'custom', new Error('x'))).toBe(60_000);
});

it('events of BullMQ become what they mean here', () => {
  let acked = 0;
  const { engine, log } = make({ onAcked: () => (acked += 1) });
  engine.emit('completed');
  engine.emit('stalled', 'j1-0');
  engine.emit('lockRenewalFailed', ['j2-0']);
  engine.emit('error', new Error('LOADING Redis is loading'));
  engine.emit('error', new Error('odd'));
  expect([acked, lost]).toEqual([1, ['j2-0']]);
  expect(log.named('job.taken_up')[0]?.fields).toMatchObject({ bull_job_id: 'j1-0' });
  expect(log.named('queue.error').map(({ fields }) => fields.error)).toEqual(['odd']);
});

it('a job that was lost is no fault of the queue, and a connection that is down is not logged again', () => {
  const log = createMemoryLog();
  logWorkerError(new Error('Missing lock for job j1-0'), log);
  logWorkerError(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), log);
  expect(log.events.map(({ event }) => event)).toEqual(['job.stale']);
});
