import { describe, expect, it } from 'vitest';
import { listSchedules } from '../../../../src/services/observe/schedules.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeQueues } from '../../../helpers/fake-queues.ts';

describe('The list of schedules', () => {
  it('says when each runs next, and why one is paused', async () => {
    const schedules = [
      { name: 'sweep', task: 'sweep_unclassified', queue: 'default', everyMs: 60_000 },
      { name: 'purge', task: 'purge_expired', queue: 'default', cron: '0 3 * * *' },
      { name: 'fresh', task: 'fresh', queue: 'default', everyMs: 1_000 },
    ];
    const queues = createFakeQueues({ default: { schedules: { sweep: 0, purge: 0 } } });
    const control = { kind: 'schedule', name: 'purge', reason: '', code: null, until: null, by: 'ana', is_over: false };
    const database = createFakeDatabase({ controls_list: [{ ...control, since: '2026-03-01T00:00:00Z' }] });
    const found = await listSchedules({ queues, database, schedules });
    expect(found.map(({ name, next_run_at, paused }) => ({ name, next_run_at, paused }))).toEqual([
      { name: 'sweep', next_run_at: '1970-01-01T00:00:00.000Z', paused: null },
      { name: 'purge', next_run_at: null, paused: { reason: null, since: '2026-03-01T00:00:00Z', until: null } },
      { name: 'fresh', next_run_at: null, paused: null },
    ]);
    expect(found[1]).toMatchObject({ every_ms: null, cron: '0 3 * * *' });
  });
});
