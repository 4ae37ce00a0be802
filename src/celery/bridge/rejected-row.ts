/** The row of a message that is no job: its state, why, and the message as it was received. Pure. */
import { createHash } from 'node:crypto';
import type { SetAside } from '../../core/job-ledger.ts';
import { storableText } from '../../core/storable.ts';
import { splitListKey } from '../protocol/list-key.ts';
import type { RejectedMessage, RevokedMessage } from './judge-message.ts';

/** Larger messages are cut in their row. */
const maxKeptBytes = 256 * 1024;

const revocations = {
  expired: { code: 'TASK_EXPIRED', message: 'It arrived after the moment that it gave as "expires".' },
  revoked: { code: 'TASK_REVOKED', message: 'It was revoked before it arrived.' },
} as const;

/** `bytes`: the message as Redis has it; its text has lost what is not UTF-8. */
export function rejectedRow(judged: RevokedMessage | RejectedMessage, bytes: Buffer): SetAside {
  const { list } = judged.taken;
  const { queue } = splitListKey(list);
  const received = receivedMessage(list, bytes);
  if (judged.kind === 'revoked') {
    const { id, task } = judged.message;
    const { code, message } = revocations[judged.reason];
    return { taskId: rejectedTaskId('revoked', id, bytes), task, queue, state: 'cancelled', code, message, received };
  }
  const { id, task, error } = judged;
  return {
    taskId: rejectedTaskId('rejected', id, bytes),
    task: task ?? 'unknown',
    queue,
    state: 'rejected',
    code: error.code,
    message: storableText(error.message, 1_024),
    received,
  };
}

/** What `jobs.message` keeps of the message; text where PostgreSQL can store it. */
export function receivedMessage(list: string, bytes: Buffer): Readonly<Record<string, unknown>> {
  const kept = bytes.subarray(0, maxKeptBytes);
  const text = kept.toString('utf8');
  const isText = Buffer.from(text).equals(kept) && !text.includes('\0');
  return {
    list,
    bytes: bytes.length,
    is_cut: kept.length < bytes.length,
    encoding: isText ? 'utf8' : 'base64',
    raw: isText ? text : kept.toString('base64'),
  };
}

/** The same message rejected twice has one row, and its id stays free for a good message that follows. */
export function rejectedTaskId(why: 'rejected' | 'revoked', id: string | null, bytes: Buffer): string {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return id === null ? `${why}-${hash}` : `${why}-${id}-${hash}`;
}
