import { describe, expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { createDeadline } from '../../../../src/core/deadline.ts';
import { createHousekeeping, type HousekeepingOptions } from '../../../../src/core/queue/housekeeping.ts';
import type { WorkerState } from '../../../../src/core/queue/presence.ts';
import { fakeClock } from '../../../helpers/deliveries.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

/** One beat on a Redis that answers this. */
async function beatOnce({
  hasMarker = true,
  silent = [] as string[],
  cancelled = [] as string[],
  claims = true,
  more = {} as Partial<HousekeepingOptions>,
} = {}) {
  const done: string[] = [];
  const multi: Record<string, unknown> = { exec: async () => [null, null, [null, hasMarker ? 1 : 0], [null, silent]] };
  for (const command of ['zadd', 'setex', 'exists', 'zrangebyscore', 'zrem', 'del'])
    multi[command] = () => {
      if (command === 'zrem') done.push('goodbye');
      return multi;
    };
  const redis = {
    status: 'ready',
    multi: () => multi,
    smembers: async () => cancelled,
    srem: async (_key: string, id: string) => void done.push(`answered ${id}`),
    rename: async (_from: string, to: string) => {
      if (to === 'vambe:marker') done.push('marker set');
      return 'OK';
    },
    set: async (_key: string) => {
      return claims ? 'OK' : null;
    },
  };
  const log = createMemoryLog();
  const housekeeping = createHousekeeping({
    redis: redis as unknown as Redis,
    recovery: {
      async run(scope) {
        done.push(`recover ${scope}`);
        return 0;
      },
    },
    recoverResults: async () => void done.push('recover results'),
    clock: fakeClock(),
    log,
    state: () => ({ worker: 'w@tests', pid: 1 }) as WorkerState,
    cancel: async (rowId) => void done.push(`cancel ${rowId}`),
    applyPauses: async ({ registersSchedules }) => void done.push(`pauses ${registersSchedules}`),
    lookAtHolds: async () => undefined,
    ...more,
  });
  await housekeeping.start();
  await housekeeping.stop(createDeadline(0));
  return { done, log };
}

describe('the first beat', () => {
  it('recovers stale jobs between pauses and schedules, and the stop says goodbye', async () => {
    const { done } = await beatOnce();
    expect(done).toEqual(['pauses false', 'recover stale', 'recover results', 'pauses true', 'goodbye']);
  });

  it('on an emptied Redis recovers everything, then sets the marker', async () => {
    const { done } = await beatOnce({ hasMarker: false });
    expect(done).toEqual([
      'pauses false',
      'recover everything',
      'recover results',
      'pauses true',
      'marker set',
      'goodbye',
    ]);
  });

  it.each([
    [true, 'recover orphaned'],
    [false, 'recover stale'],
  ])('beside a dead worker whose claim is %s does: %s', async (claims, expected) => {
    expect((await beatOnce({ silent: ['dead#7'], claims })).done).toContain(expected);
  });

  it('stops jobs that were cancelled, and answers', async () => {
    expect((await beatOnce({ cancelled: ['5'] })).done).toEqual(expect.arrayContaining(['cancel 5', 'answered 5']));
  });

  it('that fails is logged and ends nothing', async () => {
    const { log } = await beatOnce({ more: { applyPauses: () => Promise.reject(new Error('odd')) } });
    expect(log.named('worker.beat_failed')).toMatchObject([{ level: 'warn', fields: { error: 'odd' } }]);
  });
});
