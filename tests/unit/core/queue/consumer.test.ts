import type { Worker } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { createDeadline } from '../../../../src/core/deadline.ts';
import { complete } from '../../../../src/core/outcome.ts';
import type { BullWorkerOptions } from '../../../../src/core/queue/bull-worker.ts';
import { type ConsumerOptions, createConsumer } from '../../../../src/core/queue/consumer.ts';
import type { JobData } from '../../../../src/core/queue/queues.ts';
import { createTaskRegistry, defineTask, type TaskContext } from '../../../../src/core/task.ts';
import { endOf, fakeClock, fakeDelivery, takenJob } from '../../../helpers/deliveries.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

/** A consumer of two queues whose BullMQ workers are objects that record what they are told. */
function make({ onAbort = 'listens' }: { onAbort?: 'listens' | 'hangs' } = {}) {
  const done: string[] = [];
  const made: BullWorkerOptions[] = [];
  let finish: () => void = () => undefined;
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const log = createMemoryLog();
  const clock = fakeClock();
  const options: ConsumerOptions = {
    registry: createTaskRegistry([
      defineTask({
        name: 'work',
        parameters: z.object({}),
        async run(_given, { signal }: TaskContext) {
          const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          await Promise.race(onAbort === 'hangs' ? [work] : [work, aborted]);
          return complete(1);
        },
      }),
    ]),
    ledger: {
      take: async (ids) => ids.map((rowId) => takenJob({ rowId })),
      complete: async (jobs) => jobs.map(() => true),
      noteFailures: async (jobs) => jobs.map(() => true),
      cancel: async () => undefined,
      markIsolated: async () => undefined,
    },
    lifecycle: {
      tell: async () => undefined,
      announcer: () => ({ tell: () => undefined, stop: () => undefined }),
    },
    services: {},
    connection: { options: { host: '127.0.0.1', port: 6379 } } as unknown as Redis,
    queueNames: ['classification', 'default'],
    concurrency: 3,
    isolation: { run: async () => complete(1), stop: () => void done.push('isolation stopped') },
    worker: 'worker@tests',
    maxRetries: 1,
    retryDelayMs: 1,
    softLimitMs: 60_000,
    hardLimitMs: 60_000,
    clock,
    log,
    rates: { hasSlots: () => false, msToSlot: async () => 0 },
    probeDatabase: async () => undefined,
    hold: async () => undefined,
    limitedQueues: ['classification'],
    probeRedis: async () => undefined,
    publishEnded: async () => undefined,
    acceptScheduled: async () => '1',
    prepare: async () => void done.push('prepared'),
  };
  const workers: Worker<JobData>[] = [];
  const consumer = createConsumer(options, (each) => {
    made.push(each);
    const worker = {
      name: each.queue,
      concurrency: each.concurrency,
      run: async () => void done.push(`run ${each.queue}`),
      waitUntilReady: async () => undefined,
      pause: async () => void done.push(`pause ${each.queue}`),
      resume: () => void done.push(`resume ${each.queue}`),
      close: async (isForced: boolean) => void done.push(`close ${each.queue}${isForced ? ' by force' : ''}`),
    } as unknown as Worker<JobData>;
    workers.push(worker);
    return worker;
  });
  const handOut = (rowId: string) => {
    const { bullJob, token } = fakeDelivery({ id: `j${rowId}-0`, data: { id: rowId, v: 1 } });
    return endOf(Promise.resolve(made[0]?.processor(bullJob, token)));
  };
  return { consumer, done, made, workers, log, handOut, finish };
}

describe('the consumer', () => {
  it('makes one BullMQ worker for each queue, after it was prepared', async () => {
    const { consumer, done, made } = make();
    await consumer.start();
    expect(done).toEqual(['prepared', 'run classification', 'run default']);
    expect(made.map(({ queue, isLimited }) => [queue, isLimited])).toEqual([
      ['classification', true],
      ['default', false],
    ]);
    await consumer.stop(createDeadline(0));
  });

  it('runs as many jobs at a time as it may, and counts what BullMQ handed over', async () => {
    const { consumer, handOut, finish } = make();
    await consumer.start();
    const jobs = ['1', '2', '3', '4'].map(handOut);
    await waitFor('three jobs to run', async () => consumer.running().length === 3 || undefined);
    expect(consumer.prefetched()).toBe(4);
    finish();
    await Promise.all(jobs);
    expect([consumer.prefetched(), consumer.counts()]).toEqual([0, { work: 4 }]);
    await consumer.stop(createDeadline(0));
  });

  it('a stop lets jobs finish until the deadline', async () => {
    const { consumer, handOut, finish, done, log } = make();
    await consumer.start();
    const job = handOut('1');
    await waitFor('the job to run', async () => consumer.isRunning('1') || undefined);
    const stopped = consumer.stop(createDeadline(60_000));
    await waitFor('the stop to wait', async () => log.named('worker.finishing').length > 0 || undefined);
    finish();
    expect(await job).toBe('returned');
    await stopped;
    expect(done.slice(-3)).toEqual(['isolation stopped', 'close classification', 'close default']);
  });

  it('a second stop with a nearer deadline aborts what runs', async () => {
    const { consumer, handOut } = make();
    await consumer.start();
    const job = handOut('1');
    await waitFor('the job to run', async () => consumer.isRunning('1') || undefined);
    const stopped = consumer.stop(createDeadline(60_000));
    await consumer.stop(createDeadline(0));
    expect(await job).toBe('WaitingError');
    await stopped;
    expect(consumer.prefetched()).toBe(0);
  });

  it('what is handed out during a stop is requeued', async () => {
    const { consumer, handOut } = make();
    await consumer.start();
    await consumer.stop(createDeadline(0));
    expect(await handOut('1')).toBe('WaitingError');
  });

  it('locks that are lost abort their jobs; a changed concurrency reaches gate and workers', async () => {
    const { consumer, handOut, made, workers } = make();
    await consumer.start();
    const job = handOut('1');
    await waitFor('the job to run', async () => consumer.isRunning('1') || undefined);
    made[0]?.onLocksLost(['j1-0']);
    expect(await job).toBe('WaitingError');
    consumer.setConcurrency(9);
    expect(workers.map(({ concurrency }) => concurrency)).toEqual([9, 4]);
    await consumer.stop(createDeadline(0));
  });

  it('takes nothing while Redis refuses, and goes on when its probe succeeds', async () => {
    const { consumer, made, done } = make();
    await consumer.start();
    expect(made[0]?.onError(new Error("READONLY You can't write against a read only replica."))).toBe(true);
    expect(done).toContain('pause classification');
    await waitFor('it to resume', async () => done.includes('resume default') || undefined);
    await consumer.stop(createDeadline(0));
  });
});
