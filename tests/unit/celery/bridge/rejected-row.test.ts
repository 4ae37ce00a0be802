import { describe, expect, it } from 'vitest';
import type { JudgedMessage, RejectedMessage, RevokedMessage } from '../../../../src/celery/bridge/judge-message.ts';
import { receivedMessage, rejectedRow, rejectedTaskId } from '../../../../src/celery/bridge/rejected-row.ts';
import { judge, makeTaken, nowMs } from './fakes.ts';

function rowOf(judged: JudgedMessage, bytes = Buffer.from(judged.taken.raw)) {
  return rejectedRow(judged as RevokedMessage | RejectedMessage, bytes);
}

describe('rejectedRow', () => {
  it('is cancelled for a message that was revoked or has expired', () => {
    expect(rowOf(judge(makeTaken(), () => true))).toMatchObject({
      state: 'cancelled',
      code: 'TASK_REVOKED',
      task: 'classify_meeting',
      queue: 'celery',
    });
    expect(rowOf(judge(makeTaken({ expiresAtMs: nowMs })))).toMatchObject({ state: 'cancelled', code: 'TASK_EXPIRED' });
  });

  it('is rejected for any other message, with its error and the queue of its list', () => {
    const unreadable = judge({ tag: '1', list: 'celery\x06\x163', raw: 'garbage{{' });
    expect(rowOf(unreadable)).toMatchObject({
      state: 'rejected',
      code: 'MESSAGE_MALFORMED',
      task: 'unknown',
      queue: 'celery',
      received: { raw: 'garbage{{' },
    });
  });
});

describe('receivedMessage', () => {
  it('keeps UTF-8 as text, other bytes as base64, and 256 KiB at most', () => {
    expect(receivedMessage('celery', Buffer.from('ñ{'))).toMatchObject({ encoding: 'utf8', raw: 'ñ{', is_cut: false });
    expect(receivedMessage('celery', Buffer.from([0, 255]))).toMatchObject({ encoding: 'base64', raw: 'AP8=' });
    expect(receivedMessage('celery', Buffer.from('a\0'))).toMatchObject({ encoding: 'base64' });
    const cut = receivedMessage('celery', Buffer.alloc(300 * 1024, 'x'));
    expect(cut).toMatchObject({ is_cut: true, bytes: 300 * 1024 });
    expect(String(cut.raw)).toHaveLength(256 * 1024);
  });
});

describe('rejectedTaskId', () => {
  it('leaves the id free for a good message, and is the same for the same bytes', () => {
    const [one, other] = [Buffer.from('1'), Buffer.from('2')];
    expect(rejectedTaskId('rejected', 'a', one)).toMatch(/^rejected-a-[0-9a-f]{12}$/);
    expect(rejectedTaskId('rejected', null, one)).toMatch(/^rejected-[0-9a-f]{12}$/);
    expect(rejectedTaskId('rejected', 'a', one)).toBe(rejectedTaskId('rejected', 'a', one));
    expect(rejectedTaskId('rejected', 'a', one)).not.toBe(rejectedTaskId('rejected', 'a', other));
  });
});
