import { expect, test } from 'vitest';
import type { JobLedger, OpenJob } from '../../../../src/core/job-ledger.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createSweep, type SweepScope } from '../../../../src/core/queue/recover.ts';
import type { Redis } from '../../../../src/core/redis.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const row = (n: number, delivery = 0): OpenJob => ({
  rowId: String(n),
  task: 'classify_meeting',
  queue: 'q',
  delivery,
  priority: 0,
  failedAttempts: 0,
  dueAt: null,
});

/** Queues that hold so many jobs while so many rows are open, of which those of `alive` are in the queue. */
async function sweep(
  scope: SweepScope,
  { held, open, alive }: { held: number; open: number; alive: readonly string[] },
) {
  const seen = { looked: 0, added: [] as string[] };
  const rows = Array.from({ length: open }, (_each, n) => row(n + 1));
  const ledger: Pick<JobLedger, 'countOpen' | 'listOpen' | 'redeliver'> = {
    countOpen: async () => ({ q: open }),
    listOpen: async () => {
      seen.looked += 1;
      return rows;
    },
    redeliver: async (dead) => dead.map(({ rowId, delivery }) => row(Number(rowId), delivery + 1)),
  };
  const queue = { getJobCounts: async () => ({ waiting: held + 1 }), getJobSchedulersCount: async () => 1 };
  const queues = {
    names: ['q'],
    get: () => queue,
    add: async (jobs: readonly OpenJob[]) => void seen.added.push(...jobs.map(({ rowId }) => rowId)),
  };
  const pipeline = {
    hmget: () => undefined,
    exec: async () => rows.map(({ rowId }) => [null, [alive.includes(rowId) ? '1' : null, null]]),
  };
  const { run } = createSweep({
    ledger: ledger as JobLedger,
    queues: queues as unknown as Queues,
    redis: { pipeline: () => pipeline } as unknown as Redis,
    log: createMemoryLog(),
    isRunningHere: () => false,
  });
  return { delivered: await run(scope), ...seen };
}

test.each(['stale', 'everything'] as const)(
  'a sweep of %s looks at no row where the queues hold as many jobs',
  async (scope) => {
    expect(await sweep(scope, { held: 3, open: 3, alive: [] })).toEqual({ delivered: 0, looked: 0, added: [] });
  },
);

test.each(['stale', 'everything'] as const)('a sweep of %s delivers what the queues do not hold', async (scope) => {
  expect(await sweep(scope, { held: 2, open: 3, alive: ['1', '3'] })).toEqual({
    delivered: 1,
    looked: 1,
    added: ['2'],
  });
});

test('a sweep after a death looks whatever the counts say', async () => {
  expect(await sweep('orphaned', { held: 3, open: 3, alive: ['1', '3'] })).toMatchObject({
    delivered: 1,
    added: ['2'],
  });
});
