import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { judgeMessage, keepReceived, setAsideId } from '../../../../src/celery/bridge/judge-message.ts';
import { encodeTaskMessage, listKey, type TaskToSend } from '../../../../src/celery/protocol/message.ts';
import { complete } from '../../../../src/core/outcome.ts';
import { createTaskRegistry, defineTask } from '../../../../src/core/task.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const registry = createTaskRegistry([
  defineTask({
    name: 'classify_meeting',
    aliases: ['core.tasks.classify_meeting_task'],
    queue: 'classification',
    subjectParameter: 'meeting_id',
    parameters: z.object({ meeting_id: z.int(), force: z.boolean().default(false) }),
    run: () => complete(null),
  }),
]);

function judge(task: Partial<TaskToSend> = {}, { list = 'celery', revoked = '' } = {}) {
  const whole = { id: 'a', task: 'classify_meeting', args: [7], kwargs: {}, queue: 'celery', origin: '1@h', ...task };
  return judgeMessage(encodeTaskMessage(whole).raw, list, { registry, nowMs, isRevoked: (id) => id === revoked });
}

describe('judgeMessage', () => {
  it('makes a job of a message, under its id, routed by the task and not by the list', () => {
    expect(judge({ task: 'core.tasks.classify_meeting_task', kwargs: { force: true }, retries: 2 })).toMatchObject({
      kind: 'job',
      request: {
        taskId: 'a',
        task: 'classify_meeting',
        queue: 'classification',
        parameters: { meeting_id: 7, force: true },
        subjectId: 7,
        origin: 'celery',
        priority: 1,
        dueAt: null,
        failedAttempts: 2,
        terms: { expiresAt: null, ignoresResult: false, softLimitMs: null, hardLimitMs: null },
      },
    });
  });

  it.each([
    [0, 1],
    [3, 4],
    [6, 7],
    [9, 10],
  ])('gives the list of priority %i the BullMQ priority %i', (step, priority) => {
    expect(judge({}, { list: listKey('celery', step) })).toMatchObject({ request: { priority } });
  });

  it('keeps an eta that is to come, and none that has passed', () => {
    expect(judge({ etaMs: nowMs + 1_000 })).toMatchObject({ request: { dueAt: '2026-01-01T00:00:01.000Z' } });
    expect(judge({ etaMs: nowMs - 1_000 })).toMatchObject({ request: { dueAt: null } });
  });

  it('keeps limits in milliseconds, and when it expires', () => {
    expect(judge({ softLimitSeconds: 1.5, hardLimitSeconds: 2, expiresAtMs: nowMs + 1 })).toMatchObject({
      request: { terms: { softLimitMs: 1_500, hardLimitMs: 2_000, expiresAt: '2026-01-01T00:00:00.001Z' } },
    });
  });

  it('revokes what is revoked or has expired, the first before the second', () => {
    expect(judge({ expiresAtMs: nowMs })).toMatchObject({ kind: 'revoke', reason: 'expired' });
    expect(judge({ expiresAtMs: nowMs }, { revoked: 'a' })).toMatchObject({ kind: 'revoke', reason: 'revoked' });
  });

  it.each([
    ['an unknown task', { task: 'no.such.task' }, 'TASK_UNKNOWN'],
    ['too many arguments', { args: [1, true, 3] }, 'TASK_ARGUMENTS'],
    ['a wrong type', { args: ['seven'] }, 'TASK_ARGUMENTS'],
  ])('sets %s aside, with its id', (_name, task, code) => {
    expect(judge(task)).toMatchObject({ kind: 'set-aside', id: 'a', error: { code } });
  });
});

describe('what is kept of a message', () => {
  it('is text where it is text, bytes elsewhere, and 256 KiB at most', () => {
    expect(keepReceived('celery', Buffer.from('ñ{'))).toMatchObject({ encoding: 'utf8', raw: 'ñ{', is_cut: false });
    expect(keepReceived('celery', Buffer.from([0, 255]))).toMatchObject({ encoding: 'base64', raw: 'AP8=' });
    expect(keepReceived('celery', Buffer.from('a\0'))).toMatchObject({ encoding: 'base64' });
    const cut = keepReceived('celery', Buffer.alloc(300 * 1024, 'x'));
    expect(cut).toMatchObject({ is_cut: true, bytes: 300 * 1024 });
    expect(String(cut.raw)).toHaveLength(256 * 1024);
  });

  it('has an id that takes none from a good message, the same for the same bytes', () => {
    const [one, other] = [Buffer.from('1'), Buffer.from('2')];
    expect(setAsideId('rejected', 'a', one)).toMatch(/^rejected-a-[0-9a-f]{12}$/);
    expect(setAsideId('rejected', null, one)).toMatch(/^rejected-[0-9a-f]{12}$/);
    expect(setAsideId('rejected', 'a', one)).toBe(setAsideId('rejected', 'a', one));
    expect(setAsideId('rejected', 'a', one)).not.toBe(setAsideId('rejected', 'a', other));
  });
});
