import { describe, expect, test, vi } from 'vitest';
import type { EnqueueRequest } from '../../../../src/core/queue/enqueue.ts';
import { createHealthCheck } from '../../../../src/services/upkeep/health.ts';
import { createPurgeExpired } from '../../../../src/services/upkeep/purge-expired.ts';
import { createSweepUnclassified } from '../../../../src/services/upkeep/sweep-unclassified.ts';

describe('health', () => {
  const clock = { wallMs: () => Date.UTC(2026, 0, 1), monotonicMs: () => 0 };
  const up = async () => 'PONG';
  const down = async () => {
    throw new Error('away');
  };

  test.each([
    [up, up, 'healthy', 'connected', 'connected'],
    [down, up, 'unhealthy', 'disconnected', 'connected'],
    [up, down, 'unhealthy', 'connected', 'disconnected'],
    [down, down, 'unhealthy', 'disconnected', 'disconnected'],
  ])('says which server answers (%#)', async (pingDatabase, pingRedis, status, database, redis) => {
    const check = createHealthCheck({ clock, pingDatabase, pingRedis });
    expect(await check()).toEqual({ status, database, redis, timestamp: '2026-01-01T00:00:00.000Z' });
  });
});

describe('sweep of unclassified meetings', () => {
  const sweepOver = (count: number, messages = 0) => {
    const ids = Array.from({ length: count }, (_each, index) => (index + 1) * 3);
    const enqueue = vi.fn(async (_requests: readonly EnqueueRequest[]) => undefined);
    const listUnclassified = vi.fn(async ({ afterId, limit }: { afterId: number; limit: number }) =>
      ids.filter((id) => id > afterId).slice(0, limit),
    );
    const countMessages = async () => messages;
    return { ids, enqueue, sweep: createSweepUnclassified({ countMessages, enqueue, listUnclassified }) };
  };

  test.each([0, 1, 999, 1_000, 1_001, 2_500])('accepts each of %i meetings once, as bulk work', async (count) => {
    const { ids, enqueue, sweep } = sweepOver(count);
    expect(await sweep()).toEqual({ accepted: count });
    const requests = enqueue.mock.calls.flatMap(([requests]) => requests);
    expect(requests.map(({ args }) => args?.[0])).toEqual(ids);
    expect(
      requests.every(
        ({ task, origin, priority }) => task === 'classify_meeting' && origin === 'sweep' && priority === 20,
      ),
    ).toBe(true);
  });

  test('accepts nothing while Celery messages wait, which may ask for the same meetings, and says so', async () => {
    const { enqueue, sweep } = sweepOver(3, 2);
    expect(await sweep()).toEqual({ accepted: 0, waiting_messages: 2 });
    expect(enqueue).not.toHaveBeenCalled();
  });

  test('accepts nothing for no meetings', async () => {
    const { enqueue, sweep } = sweepOver(0);
    await sweep();
    expect(enqueue).not.toHaveBeenCalled();
  });
});

describe('purge', () => {
  test('deletes page by page until a page is not full', async () => {
    const jobs = [1_000, 1_000, 3];
    const calls = [1_000, 7];
    const rows = [1_000, 0];
    const purge = createPurgeExpired({
      retentionDays: 30,
      deleteEndedJobs: vi.fn(async ({ olderThanDays, limit }) => {
        expect([olderThanDays, limit]).toEqual([30, 1_000]);
        return jobs.shift() ?? 0;
      }),
      deleteOldModelCalls: async ({ olderThanDays }) => (olderThanDays === 30 ? (calls.shift() ?? 0) : 0),
      deleteOldForcedReplies: async ({ olderThanDays }) => (olderThanDays === 30 ? 2 : 0),
      deleteRowsOfGoneMeetings: async () => rows.shift() ?? 0,
    });
    expect(await purge()).toEqual({
      jobs: 2_003,
      model_calls: 1_007,
      forced_replies: 2,
      rows_of_deleted_meetings: 1_000,
    });
  });
});
