import { describe, expect, it } from 'vitest';
import { callTermsOf, messageWithFollowUps } from '../../../../src/celery/protocol/call-terms.ts';
import { encodeTaskMessage, type TaskToSend } from '../../../../src/celery/protocol/encode-task-message.ts';
import { isBadMessage, readTaskMessage } from '../../../../src/celery/protocol/read-task-message.ts';
import { toSignature } from '../../../../src/celery/protocol/signature.ts';

function termsOf(task: Partial<TaskToSend> = {}) {
  const { key: list, raw } = encodeTaskMessage({
    id: 'a',
    task: 'greet',
    args: [],
    kwargs: {},
    queue: 'celery',
    origin: '1@h',
    ...task,
  });
  const message = readTaskMessage(raw);
  if (isBadMessage(message)) throw message.error;
  return callTermsOf(message, { raw, list, expiresAtMs: null });
}

const link = toSignature({ task: 'next' });

describe('the terms of a call', () => {
  it('keep the headers that the sender chose, and no others', () => {
    expect(termsOf({ headers: { tenant: 'x' } }).headers).toEqual({ tenant: 'x' });
    expect(termsOf()).not.toHaveProperty('headers');
  });

  it.each([
    ['a link', { callbacks: [link] }],
    ['an error link', { errbacks: [link] }],
    ['a step of a chain', { chain: [link] }],
    ['the body of a chord', { chord: link }],
  ])('give back the message that has %s', (_what, embed) => {
    expect(messageWithFollowUps(termsOf({ embed }))).toMatchObject({ id: 'a', task: 'greet', embed });
  });

  it('give back no message without follow-ups, and none of a job without a message', () => {
    expect(messageWithFollowUps(termsOf())).toBeUndefined();
    expect(messageWithFollowUps(null)).toBeUndefined();
    expect(messageWithFollowUps({ wire: {} })).toBeUndefined();
  });
});
