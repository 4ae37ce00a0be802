import { expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import type { EndedJob } from '../../../../src/core/job-ledger.ts';
import { createResultRecovery } from '../../../../src/core/queue/result-recovery.ts';
import { takenJob } from '../../../helpers/deliveries.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const ended = (n: number): EndedJob => ({
  rowId: String(n),
  taskId: `t${n}`,
  queue: 'q',
  delivery: 0,
  state: 'completed',
  apiTaskId: null,
  ignoresResult: false,
});

/** Rows 1 to 4 have ended: 1 is published, 2 runs here, BullMQ still has 3, and 4 is what is missing. */
function make() {
  const published: string[] = [];
  const log = createMemoryLog();
  let looks = 0;
  const recover = createResultRecovery({
    ledger: {
      async listEnded() {
        looks += 1;
        return [1, 2, 3, 4].map(ended);
      },
      take: async (ids) => ids.map((rowId) => takenJob({ rowId, state: 'completed' })),
    },
    redis: { eval: async () => [1] } as unknown as Redis,
    log,
    readPublished: async (jobs) => jobs.map(({ taskId }) => ({ isPublished: false, saysRunning: taskId !== 't1' })),
    publishEnded: async ({ rowId }) => void published.push(rowId),
    isRunningHere: (rowId) => rowId === '2',
  });
  return { recover, published, log, looks: () => looks };
}

it('publishes what no document says and no delivery will say', async () => {
  const { recover, published, log } = make();
  expect(await recover()).toBe(1);
  expect(published).toEqual(['4']);
  expect(log.named('job.published_late')).toMatchObject([{ fields: { jobs: 1 } }]);
});

it('looks once at a time', async () => {
  const { recover, looks } = make();
  await Promise.all([recover(), recover()]);
  expect(looks()).toBe(1);
});
