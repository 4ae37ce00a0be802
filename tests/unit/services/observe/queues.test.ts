import { describe, expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { readQueues, requireName } from '../../../../src/services/observe/queues.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeQueues } from '../../../helpers/fake-queues.ts';

/** Without workers. */
const redis = { zremrangebyscore: async () => 0, zrangebyscore: async () => [] } as unknown as Redis;
const clock = { wallMs: () => 0, monotonicMs: () => 0 };

describe('A report of the queues', () => {
  it('puts the counts of Redis, failed rows and pauses together', async () => {
    const queues = createFakeQueues({
      default: { waiting: 3, active: 1, delayed: 2, schedules: { sweep: 1 } },
      reports: {},
    });
    const database = createFakeDatabase({
      queue_rows: [{ queue: 'default', failed: 4, oldest_waiting_at: '2026-03-01T00:00:00Z' }],
      controls_list: [
        { kind: 'queue', name: 'reports', reason: '', code: null, since: 's', until: null, by: 'ana', is_over: false },
      ],
    });
    expect(await readQueues({ queues, redis, database, clock })).toEqual([
      {
        name: 'default',
        waiting: 3,
        running: 1,
        delayed: 2,
        failed: 4,
        oldest_waiting_at: '2026-03-01T00:00:00Z',
        paused: null,
      },
      {
        name: 'reports',
        waiting: 0,
        running: 0,
        delayed: 0,
        failed: 0,
        oldest_waiting_at: null,
        paused: { reason: null, since: 's', until: null },
      },
    ]);
  });

  it('shows a queue that was paused with other tools, of which no row tells', async () => {
    const queues = createFakeQueues({ default: { paused: true } });
    const [report] = await readQueues({ queues, redis, database: createFakeDatabase(), clock });
    expect(report?.paused).toEqual({ reason: null, since: null, until: null });
  });
});

describe('A name that is not known', () => {
  it('is answered with the nearest one and all that are', () => {
    expect(requireName('queue', 'default', ['default'])).toBe('default');
    expect(() => requireName('queue', 'defualt', ['classification', 'default'])).toThrow(
      'There is no queue "defualt". Did you mean default? Known: classification, default.',
    );
    expect(() => requireName('schedule', 'xyz', ['sweep'])).toThrow('There is no schedule "xyz". Known: sweep.');
  });
});
