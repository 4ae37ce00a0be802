/** What a job keeps of its message as the terms of its call, and the message that is read from them again. Pure. */
import type { CallTerms } from '../../core/job-ledger.ts';
import { isBadMessage, readTaskMessage } from './read-task-message.ts';
import type { TaskMessage } from './task-message.ts';

/** `list`: key of the list it was taken from. */
export function callTermsOf(
  message: TaskMessage,
  { raw, list, expiresAtMs }: { raw: string; list: string; expiresAtMs: number | null },
): CallTerms {
  const { softLimitSeconds, hardLimitSeconds, ignoresResult, groupId, parentId, rootId, customHeaders } = message;
  return {
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    softLimitMs: softLimitSeconds === null ? null : softLimitSeconds * 1_000,
    hardLimitMs: hardLimitSeconds === null ? null : hardLimitSeconds * 1_000,
    ignoresResult,
    groupId,
    parentId,
    rootId,
    ...(Object.keys(customHeaders).length === 0 ? {} : { headers: customHeaders }),
    wire: { list, raw, hasFollowUps: hasFollowUps(message) },
  };
}

function hasFollowUps({ embed: { callbacks, errbacks, chain, chord } }: TaskMessage): boolean {
  return callbacks.length + errbacks.length + chain.length > 0 || chord !== null;
}

/** The message of a job that came from Celery and has links, steps or a chord; undefined for every other job. */
export function messageWithFollowUps(terms: Partial<CallTerms> | null | undefined): TaskMessage | undefined {
  const wire = terms?.wire;
  if (wire?.hasFollowUps !== true || typeof wire.raw !== 'string') return undefined;
  const message = readTaskMessage(wire.raw);
  return isBadMessage(message) ? undefined : message;
}
