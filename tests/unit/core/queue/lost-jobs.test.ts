import { expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import type { OpenJob } from '../../../../src/core/job-ledger.ts';
import { countLostJobs, findLostJobs, removeRemains } from '../../../../src/core/queue/lost-jobs.ts';

const row = (n: number, queue = 'q'): OpenJob => ({
  rowId: String(n),
  queue,
  task: 'work',
  delivery: n % 2,
  priority: 1,
  failedAttempts: 0,
  dueAt: null,
});

/** Redis that has lost these BullMQ ids; it keeps the keys and arguments of each script. */
function fakeRedis(...lost: string[]) {
  const calls: { keys: string[]; ids: string[] }[] = [];
  const redis = {
    async eval(_script: string, count: number, ...rest: string[]) {
      const keys = rest.slice(0, count);
      const ids = rest.slice(count + 1);
      calls.push({ keys, ids });
      return ids.flatMap((id, position) => (lost.includes(id) ? [position] : []));
    },
  };
  return { redis: redis as unknown as Redis, calls };
}

it('one script for each queue looks at all of its lists', async () => {
  const { redis, calls } = fakeRedis('j1-1', 'j3-1');
  const found = await findLostJobs(redis, [row(1), row(2), row(3, 'other')]);
  expect(found.map(({ rowId }) => rowId)).toEqual(['1', '3']);
  expect(calls.map(({ ids }) => ids)).toEqual([['j1-1', 'j2-0'], ['j3-1']]);
  expect(calls[0]?.keys).toEqual(
    ['active', 'wait', 'paused', 'prioritized', 'delayed'].map((list) => `vambe:q:${list}`),
  );
});

it('remains of lost deliveries are removed under the ids that they had', async () => {
  const { redis, calls } = fakeRedis();
  await removeRemains(redis, [row(1), row(2)]);
  expect(calls).toEqual([{ keys: ['vambe:q:prioritized', 'vambe:q:delayed'], ids: ['j1-1', 'j2-0'] }]);
});

it('lost jobs are counted page by page, among the first rows only', async () => {
  const { redis } = fakeRedis('j1-1', 'j2501-1', 'j7501-1');
  const pages: string[] = [];
  const ledger = {
    async listOpen({ afterRowId, limit }: { afterRowId: string; limit: number }) {
      pages.push(afterRowId);
      return Array.from({ length: limit }, (_each, index) => row(Number(afterRowId) + index + 1));
    },
  };
  expect(await countLostJobs({ redis, ledger }, { olderThanMs: 1, maxRows: 7_500 })).toBe(2);
  expect(pages).toEqual(['0', '2500', '5000']);
});
