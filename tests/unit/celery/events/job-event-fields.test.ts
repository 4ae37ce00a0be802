import { describe, expect, it } from 'vitest';
import { taskEventsOf } from '../../../../src/celery/events/job-event-fields.ts';
import { AppError } from '../../../../src/core/errors.ts';
import type { Transition } from '../../../../src/core/lifecycle.ts';
import { takenJob } from '../../../helpers/deliveries.ts';

const typesOf = (...transitions: Transition[]) =>
  transitions.flatMap((transition) => taskEventsOf(transition).map(({ type }) => type));
const error = new AppError('TASK_FAILED', 'no luck');

describe('Events of a monitor such as Flower', () => {
  const count = (types: readonly string[], type: string) => types.filter((each) => each === type).length;

  it.each(['celery', 'cli'])(
    'have one task-received for each task-started of a job from %s that is retried (C6)',
    (origin) => {
      const job = takenJob({ origin });
      const again = takenJob({ origin, failedAttempts: 1 });
      const types = typesOf(
        { kind: 'accepted', job: { ...job, priority: 1, dueAt: null } },
        { kind: 'started', job },
        { kind: 'retrying', job, error },
        { kind: 'started', job: again },
        { kind: 'failed', job: again, error, cache: [] },
      );
      expect(count(types, 'task-received')).toBe(2);
      expect(count(types, 'task-started')).toBe(2);
      expect(count(types, 'task-retried')).toBe(1);
    },
  );

  it('say with how many retries a task is received again (C6)', () => {
    const [received] = taskEventsOf({ kind: 'retrying', job: takenJob({ failedAttempts: 1 }), error });
    expect(received?.fields()).toMatchObject({ uuid: 'id-1', name: 'work', retries: 2 });
  });

  it('name a call with wrong arguments before it fails (C7)', () => {
    const job = { taskId: 'a', task: 'adds', parameters: {}, subjectId: null, statusIds: [], terms: {} };
    const events = taskEventsOf({ kind: 'rejected', job, error: new AppError('TASK_ARGUMENTS', 'too many') });
    expect(events.map(({ type }) => type)).toEqual(['task-received', 'task-failed']);
    expect(events[0]?.fields()).toMatchObject({ uuid: 'a', name: 'adds' });
  });

  it('of an unknown task are its failure alone, as in Celery', () => {
    const job = { taskId: 'a', task: 'none', parameters: {}, subjectId: null, statusIds: [] };
    expect(typesOf({ kind: 'rejected', job, error: new AppError('TASK_UNKNOWN', 'unknown') })).toEqual(['task-failed']);
  });
});
