import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { complete } from '../../../../src/core/outcome.ts';
import { schedulesOf } from '../../../../src/core/queue/schedules.ts';
import { defineTask, type TaskSchedule } from '../../../../src/core/task.ts';

const taskWith = (schedule?: TaskSchedule) =>
  defineTask({ name: 't', queue: 'q', schedule, parameters: z.object({}), run: () => complete(null) });

describe('the schedules of tasks', () => {
  test('have the name and the queue of their task', () => {
    expect(schedulesOf([taskWith({ everyMs: 5_000 }), taskWith(), taskWith({ cron: '17 3 * * *' })])).toEqual([
      { name: 't', task: 't', queue: 'q', everyMs: 5_000 },
      { name: 't', task: 't', queue: 'q', cron: '17 3 * * *' },
    ]);
  });

  test.each(['0 17 3 * * *', '*/5 * * * mon-fri', '@daily'])('may be the cron expression %j', (cron) => {
    expect(schedulesOf([taskWith({ cron })])).toHaveLength(1);
  });

  test.each(['', 'at night', '* * *', '99 3 * * *', '1 2 3 4 5 6 7'])('refuse the cron expression %j', (cron) => {
    expect(() => schedulesOf([taskWith({ cron })])).toThrow(
      expect.objectContaining({ code: 'TASK_INVALID', message: expect.stringContaining(`"${cron}"`) }),
    );
  });
});
