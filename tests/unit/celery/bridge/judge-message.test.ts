import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeMessage, judgeMessage } from '../../../../src/celery/bridge/judge-message.ts';
import { encodeTaskMessage, type TaskToSend } from '../../../../src/celery/protocol/encode-task-message.ts';
import { listKey } from '../../../../src/celery/protocol/list-key.ts';
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
  const decoded = decodeMessage({ tag: '1', list, raw: encodeTaskMessage(whole).raw });
  return judgeMessage(decoded, { registry, nowMs, isRevoked: (id) => id === revoked });
}

describe('judgeMessage', () => {
  it('accepts a message as a job under its id, in the queue of its task, whatever list it came from', () => {
    expect(judge({ task: 'core.tasks.classify_meeting_task', kwargs: { force: true }, retries: 2 })).toMatchObject({
      kind: 'accepted',
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

  it('keeps an eta in the future and drops one in the past', () => {
    expect(judge({ etaMs: nowMs + 1_000 })).toMatchObject({ request: { dueAt: '2026-01-01T00:00:01.000Z' } });
    expect(judge({ etaMs: nowMs - 1_000 })).toMatchObject({ request: { dueAt: null } });
  });

  it('keeps limits in milliseconds, and the moment at which it expires', () => {
    expect(judge({ softLimitSeconds: 1.5, hardLimitSeconds: 2, expiresAtMs: nowMs + 1 })).toMatchObject({
      request: { terms: { softLimitMs: 1_500, hardLimitMs: 2_000, expiresAt: '2026-01-01T00:00:00.001Z' } },
    });
  });

  it('revokes a message that was revoked or has expired; revoked is checked first', () => {
    expect(judge({ expiresAtMs: nowMs })).toMatchObject({ kind: 'revoked', reason: 'expired' });
    expect(judge({ expiresAtMs: nowMs }, { revoked: 'a' })).toMatchObject({ kind: 'revoked', reason: 'revoked' });
  });

  it.each([
    ['an unknown task', { task: 'no.such.task' }, 'TASK_UNKNOWN'],
    ['too many arguments', { args: [1, true, 3] }, 'TASK_ARGUMENTS'],
    ['a wrong type', { args: ['seven'] }, 'TASK_ARGUMENTS'],
  ])('rejects %s, under its id', (_name, task, code) => {
    expect(judge(task)).toMatchObject({ kind: 'rejected', id: 'a', error: { code } });
  });

  it('rejects a message that cannot be decoded, with the part that could be read', () => {
    const raw = JSON.stringify({ headers: { id: 'a', task: 'classify_meeting' }, body: 'e30', properties: {} });
    const judged = judgeMessage(decodeMessage({ tag: '1', list: 'celery', raw }), {
      registry,
      nowMs,
      isRevoked: () => false,
    });
    expect(judged).toMatchObject({ kind: 'rejected', id: 'a', task: 'classify_meeting', message: null });
  });
});
