import { describe, expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { countLeft, drainQueue } from '../../../../src/services/observe/drain.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeQueues, type FakeQueue } from '../../../helpers/fake-queues.ts';

const redis = { zremrangebyscore: async () => 0, zrangebyscore: async () => [] } as unknown as Redis;

function makeDeps(queue: FakeQueue) {
  let nowMs = 0;
  const clock = { wallMs: () => 0, monotonicMs: () => (nowMs += 600) };
  return { queues: createFakeQueues({ default: queue }), redis, database: createFakeDatabase(), clock };
}

const { signal } = new AbortController();

describe('Draining a queue', () => {
  it('ends when nothing is left', async () => {
    const queue = { waiting: 1, active: 1 };
    const seen: number[] = [];
    const drained = await drainQueue(makeDeps(queue), {
      queue: 'default',
      timeoutMs: null,
      signal,
      onLook({ left, hasWorker }) {
        seen.push(left);
        expect(hasWorker).toBe(false);
        Object.assign(queue, { waiting: 0, active: 0 });
      },
    });
    expect({ seen, left: drained.left }).toEqual({ seen: [2], left: 0 });
  });

  it('gives up after its time and says how many are left', async () => {
    const drained = await drainQueue(makeDeps({ waiting: 3 }), { queue: 'default', timeoutMs: 1_000, signal });
    expect(drained.left).toBe(3);
  });

  it('waits in a paused queue only for what is processing', () => {
    const paused = { reason: null, since: null, until: null };
    expect(countLeft({ waiting: 3, running: 1, paused })).toBe(1);
    expect(countLeft({ waiting: 3, running: 1, paused: null })).toBe(4);
  });

  it('of an unknown queue is refused', async () => {
    await expect(drainQueue(makeDeps({}), { queue: 'defaul', timeoutMs: null, signal })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
