import { describe, expect, it } from 'vitest';
import type { EnqueueRequest } from '../../../../src/core/queue/enqueue.ts';
import {
  pause,
  pauseQueueByName,
  requireSchedule,
  resume,
  resumeQueueByName,
  runSchedule,
} from '../../../../src/services/observe/pauses.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeQueues } from '../../../helpers/fake-queues.ts';

const change = { actor: 'cli:ana', reason: 'a test' };
const sweep = { name: 'sweep', task: 'sweep_unclassified', queue: 'default', everyMs: 60_000 };

describe('Pausing', () => {
  it('a queue writes the row and its audit first, then tells Redis, and says what still runs', async () => {
    const queue = { active: 2, paused: false };
    const database = createFakeDatabase({ controls_set: [{ is_new: true }] });
    const deps = { database, queues: createFakeQueues({ default: queue }) };
    const until = '2026-03-01T00:00:00Z';
    expect(await pauseQueueByName(deps, { queue: 'default', until, ...change })).toEqual({ isNew: true, running: 2 });
    expect(queue.paused).toBe(true);
    expect(database.calls('controls_set')).toEqual([['queue', 'default', 'a test', until, 'cli:ana']]);
  });

  it('a schedule takes its next run out of Redis', async () => {
    const schedules = { sweep: 5 };
    const database = createFakeDatabase({ controls_set: [{ is_new: false }] });
    const deps = { database, queues: createFakeQueues({ default: { schedules } }) };
    expect(await pause(deps, { kind: 'schedule', schedule: sweep }, { until: null, ...change })).toBe(false);
    expect(schedules).toEqual({});
  });

  it('an unknown queue or schedule is refused with the nearest name', async () => {
    const deps = { database: createFakeDatabase(), queues: createFakeQueues({ default: {} }) };
    await expect(pauseQueueByName(deps, { queue: 'defalt', until: null, ...change })).rejects.toThrow(
      'Did you mean default?',
    );
    expect(() => requireSchedule([sweep], 'sweeep')).toThrow('Did you mean sweep?');
    expect(requireSchedule([sweep], 'sweep')).toBe(sweep);
  });
});

describe('Resuming', () => {
  it('a queue says whether it was paused, by a row or with other tools', async () => {
    const queue = { paused: true };
    const queues = createFakeQueues({ default: queue });
    const database = createFakeDatabase({ controls_end: [{ ended: 0 }] });
    expect(await resumeQueueByName({ database, queues }, { queue: 'default', ...change })).toBe(true);
    expect(queue.paused).toBe(false);
    expect(await resumeQueueByName({ database, queues }, { queue: 'default', ...change })).toBe(false);
    expect(database.calls('controls_end')[0]).toEqual(['queue', 'default', 'cli:ana', 'a test']);
  });

  it('a queue ends a wait for the provider, too', async () => {
    const database = createFakeDatabase({ controls_end_hold: [{ was_held: true, is_paused_too: false }] });
    const deps = { database, queues: createFakeQueues({ default: {} }) };
    expect(await resume(deps, { kind: 'queue', name: 'default' }, change)).toBe(true);
  });
});

describe('Running a schedule now', () => {
  it('enqueues its task and writes an audit row with the task id', async () => {
    const database = createFakeDatabase();
    const requests: EnqueueRequest[] = [];
    const enqueuer = {
      async enqueue(given: readonly EnqueueRequest[]) {
        requests.push(...given);
        return { accepted: [{ taskId: 'id-1', rowId: '1', isNew: true }], queued: 'database' as const };
      },
    };
    expect(await runSchedule({ database, enqueuer }, sweep, { origin: 'cli', ...change })).toEqual({
      taskId: 'id-1',
      task: 'sweep_unclassified',
      isQueued: false,
    });
    expect(requests).toEqual([{ task: 'sweep_unclassified', origin: 'cli' }]);
    expect(database.calls('audit_note')).toEqual([
      ['cli:ana', 'run', 'schedule:sweep', '{"task_id":"id-1"}', 'a test'],
    ]);
  });
});
