import { expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import {
  endCancellation,
  isRunning,
  readCancellations,
  removeFromQueue,
  requestCancellation,
} from '../../../../src/core/queue/cancellations.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';

/** Redis as one set with a life. */
function fakeRedis() {
  const set = new Set<string>();
  let lifeSeconds = 0;
  const multi = {
    sadd: (_key: string, ...ids: string[]) => {
      for (const id of ids) set.add(id);
      return multi;
    },
    expire: (_key: string, seconds: number) => {
      lifeSeconds = seconds;
      return multi;
    },
    exec: async () => [],
  };
  const redis = {
    multi: () => multi,
    smembers: async () => [...set],
    async srem(_key: string, ...ids: string[]) {
      for (const id of ids) set.delete(id);
    },
  };
  return { redis: redis as unknown as Redis, lifeSeconds: () => lifeSeconds };
}

it('a request is read by every worker until the one that runs the job answers it', async () => {
  const { redis, lifeSeconds } = fakeRedis();
  await requestCancellation(redis, ['1', '2']);
  expect([await readCancellations(redis), lifeSeconds()]).toEqual([['1', '2'], 30]);
  await endCancellation(redis, ['1']);
  expect(await readCancellations(redis)).toEqual(['2']);
});

it('no ids ask Redis nothing', async () => {
  const redis = {} as Redis;
  await requestCancellation(redis, []);
  await endCancellation(redis, []);
});

it('a job that a worker runs stays; one that was taken meanwhile runs; others are removed', async () => {
  const states: Record<string, string> = { 'j1-0': 'active', 'j2-0': 'prioritized', 'j3-1': 'prioritized' };
  const removed: string[] = [];
  const queue = {
    getJobState: async (id: string) => states[id],
    async remove(id: string) {
      removed.push(id);
      return id === 'j3-1' ? 0 : 1;
    },
  };
  const queues = { names: ['default'], get: () => queue } as unknown as Queues;
  const jobs = [
    { rowId: '1', queue: 'default', delivery: 0 },
    { rowId: '2', queue: 'default', delivery: 0 },
    { rowId: '3', queue: 'default', delivery: 1 },
    { rowId: '4', queue: 'of another version', delivery: 0 },
  ];
  expect(await removeFromQueue(queues, jobs)).toEqual(['running', 'removed', 'running', 'removed']);
  expect(removed).toEqual(['j2-0', 'j3-1']);
  expect(await isRunning(queues, { rowId: '1', queue: 'default', delivery: 0 })).toBe(true);
});
