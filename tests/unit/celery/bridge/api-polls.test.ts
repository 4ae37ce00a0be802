import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readApiPolls } from '../../../../src/celery/bridge/api-polls.ts';
import { complete } from '../../../../src/core/outcome.ts';
import { createTaskRegistry, defineTask } from '../../../../src/core/task.ts';
import { classifyMeeting } from '../../../../src/tasks/classify-meeting.ts';

const health = defineTask({ name: 'health_check', parameters: z.object({}), run: () => complete(null) });
const registry = createTaskRegistry([classifyMeeting, health]);
const read = (task: string | null, args: readonly unknown[], kwargs = {}) =>
  readApiPolls({ task, args, kwargs }, registry);

describe('readApiPolls', () => {
  it.each([
    ['in its place', [5, false, null, 'api-1'], {}, ['api-1'], 5],
    ['by name', [], { meeting_id: -5, api_task_id: 'api-1' }, ['api-1'], -5],
    ['in both', [0, false, null, 'api-1'], { api_task_id: 'api-2' }, ['api-2', 'api-1'], 0],
    ['a number', [99999999999, false, null, 17], {}, ['17'], 99999999999],
    ['of no use', ['x', false, null, ''], { api_task_id: {} }, [], null],
    ['one argument too many', [5, false, null, 'api-1', 'more'], {}, ['api-1'], 5],
  ])('finds the id of a classification %s (S3)', (_what, args, kwargs, apiTaskIds, meetingId) => {
    expect(read('classify_meeting', args, kwargs)).toEqual({ apiTaskIds, meetingId });
    expect(read('core.tasks.classify_meeting_task', args, kwargs)).toEqual({ apiTaskIds, meetingId });
  });

  it('finds it for a task that is not known, where the API would put it, if it looks like an id (S3)', () => {
    expect(read('clasify_meeting', [5, false, null, 'api-1']).apiTaskIds).toEqual(['api-1']);
    expect(read('other', [], { api_task_id: 'api-1' }).apiTaskIds).toEqual(['api-1']);
    expect(read(null, [1, 2, 3, 'what a customer said']).apiTaskIds).toEqual([]);
  });

  it('takes no other argument of a known task for it (S3)', () => {
    expect(read('health_check', [1, 2, 3, 'text']).apiTaskIds).toEqual([]);
    expect(read('health_check', [], { api_task_id: 'api-1' }).apiTaskIds).toEqual(['api-1']);
  });
});
