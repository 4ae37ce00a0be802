/** Ends members of chords: the last one sends the body, or fails it with everything that waits for it. */
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { AppError } from '../../core/errors.ts';
import { type DocumentWriter, isoMicroseconds } from '../../core/redis-documents.ts';
import { isObject } from '../protocol/envelope.ts';
import { pythonException } from '../protocol/python-exception.ts';
import { pythonRepr } from '../protocol/python-repr.ts';
import type { Signature } from '../protocol/signature.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { planSignature } from './canvas.ts';
import { type SkippedTask, signaturesIn, skippedTasks } from './canvas-ends.ts';
import { type ChordMember, countMember, type EndedMember, forgetChord, type MemberEnd } from './chord-count.ts';
import type { FollowUpSender } from './follow-up-sender.ts';
import type { PlanOptionsOf } from './plan-options.ts';
import type { RedisRetry } from './redis-retry.ts';
import { failureDocument } from './result-documents.ts';

export interface ChordMembersDeps {
  readonly backend: Redis;
  /** Writes to the result backend. */
  readonly writer: DocumentWriter;
  readonly clock: Clock;
  readonly retry: RedisRetry;
  readonly sender: FollowUpSender;
  readonly optionsFor: PlanOptionsOf;
  sendErrorLinks(message: TaskMessage, links: readonly Signature[], failedId: string): Promise<void>;
}

export interface ChordMembers {
  /** Counts the task of a message, if it is a member of a chord. */
  end(message: TaskMessage, end: MemberEnd): Promise<void>;
  /** Counts this member, as the end of `message` does. */
  endMember(message: TaskMessage, member: ChordMember, end: MemberEnd): Promise<void>;
  /** Writes the failure of tasks that will never be sent, and counts them in their chords. */
  failSkipped(message: TaskMessage, tasks: readonly SkippedTask[], error: AppError): Promise<void>;
}

export function createChordMembers(deps: ChordMembersDeps): ChordMembers {
  const { backend, writer, clock, retry, sender, optionsFor } = deps;

  const endMember: ChordMembers['endMember'] = async (message, member, end) => {
    const counted = await retry.attempt(message, () => countMember(backend, member, end));
    if (!counted) return;
    if ('refusal' in counted) return sender.keep(message, { kind: 'member', member, end }, counted.refusal);
    if (!counted.value) return;
    const { members, results } = counted.value;
    const failed = members.find(({ state }) => state !== 'SUCCESS');
    if (failed) await failBody(message, member.body, failed);
    else {
      const options = optionsFor(message, [results], `chord:${member.groupId}`);
      await sender.send(planSignature(member.body, options), message);
    }
    // Where Redis refuses this, the keys expire within the hour.
    await retry.attempt(message, () => forgetChord(backend, member.groupId));
  };

  const failBody = async (message: TaskMessage, body: Signature, { id, result }: EndedMember): Promise<void> => {
    const error = new AppError('CHORD_FAILED', `Dependency ${id} raised ${exceptionRepr(result)}`);
    const skipped = skippedTasks(body);
    const bodyId = skipped.at(-1)?.id;
    if (bodyId === undefined) return;
    await failSkipped(message, skipped, error);
    await deps.sendErrorLinks(message, signaturesIn(body.options.link_error), bodyId);
  };

  const failSkipped: ChordMembers['failSkipped'] = async (message, tasks, error) => {
    const end = { state: 'FAILURE', result: pythonException(error) } as const;
    for (const { id, groupId, groupIndex: index, chord: body } of tasks) {
      const now = isoMicroseconds(clock.wallMs());
      await writer.write([failureDocument({ taskId: id, terms: { groupId } }, error, now)]);
      if (body && groupId !== null) await endMember(message, { id, groupId, index, body }, end);
    }
  };

  return {
    async end(message, end) {
      const { id, embed, groupId, groupIndex: index } = message;
      if (embed.chord && groupId) await endMember(message, { id, groupId, index, body: embed.chord }, end);
    },
    endMember,
    failSkipped,
  };
}

/** `ValueError('x', 1)` of a described exception. */
function exceptionRepr(value: unknown): string {
  if (!isObject(value)) return pythonRepr(value);
  const args = Array.isArray(value.exc_message) ? value.exc_message : [value.exc_message];
  return `${value.exc_type}(${args.map(pythonRepr).join(', ')})`;
}
