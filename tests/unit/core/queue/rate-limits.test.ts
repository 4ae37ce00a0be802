import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { complete } from '../../../../src/core/outcome.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createTaskRates } from '../../../../src/core/queue/rate-limits.ts';
import { createTaskRegistry, defineTask } from '../../../../src/core/task.ts';

const task = (name: string, queue: string) =>
  defineTask({ name, queue, parameters: z.object({}), run: async () => complete(1) });

/** `only` has a queue of its own; `one` and `two` share one. */
function make(stored: Record<string, string> = {}) {
  const done: string[] = [];
  let global: { max: number; duration: number } | null = null;
  const queue = {
    async setGlobalRateLimit(max: number, duration: number) {
      global = { max, duration };
    },
    async removeGlobalRateLimit() {
      global = null;
    },
    removeRateLimitKey: async () => void done.push('key removed'),
    getGlobalRateLimit: async () => global,
    getJob: async (id: string) => ({ promote: async () => void done.push(`promote ${id}`) }),
  };
  const redis = {
    // The limit script gives back who waits, the slot script the milliseconds.
    eval: async (_script: string, keys: number) => (keys === 2 ? ['last', 'j1-0'] : 120),
    hgetall: async () => stored,
    zcard: async () => 4,
  };
  const rates = createTaskRates({
    redis: redis as unknown as Redis,
    queues: { names: [], get: () => queue } as unknown as Queues,
    registry: createTaskRegistry([task('only', 'own'), task('one', 'shared'), task('two', 'shared')]),
  });
  return { rates, done };
}

describe('the only task of its queue', () => {
  it('is limited by BullMQ, without slots', async () => {
    const { rates } = make();
    await rates.limit('only', { max: 10, durationMs: 60_000 });
    expect([await rates.read('only'), rates.hasSlots('only')]).toEqual(['10/m', false]);
  });

  it('goes on at once when its limit is lifted', async () => {
    const { rates, done } = make();
    await rates.limit('only', null);
    expect([await rates.read('only'), done]).toEqual([null, ['key removed']]);
  });
});

describe('a task that shares its queue', () => {
  it('has slots, and jobs that waited for the old limit are promoted', async () => {
    const { rates, done } = make();
    await rates.limit('one', { max: 3, durationMs: 7_000 });
    expect([rates.hasSlots('one'), rates.hasSlots('two')]).toEqual([true, false]);
    expect(await rates.read('one')).toBe('25.7143/m');
    expect(done).toEqual(['promote j1-0']);
    expect(await rates.msToSlot({ id: 'j2-0', name: 'one' })).toBe(120);
    expect(await rates.msToSlot({ id: 'j3-0', name: 'two' })).toBe(0);
    expect(await rates.countWaiting()).toBe(3);
  });

  it('takes over what Redis holds, and ignores what cannot be read', async () => {
    const { rates } = make({ one: '{"max":2,"durationMs":1000}', two: 'odd' });
    await rates.refresh();
    expect([rates.hasSlots('one'), rates.hasSlots('two')]).toEqual([true, false]);
    expect(await rates.read('one')).toBe('2/s');
  });

  it('without limits asks Redis nothing', async () => {
    expect(await make().rates.countWaiting()).toBe(0);
  });
});
