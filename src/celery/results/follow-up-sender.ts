/** Sends follow-ups: chords are saved before their members are pushed, and what Redis refuses is kept in the row of the job. */
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import type { Log } from '../../core/log/logger.ts';
import { encodeTaskMessage } from '../protocol/encode-task-message.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Plan } from './canvas.ts';
import { saveChord } from './chord-count.ts';
import type { RedisRetry } from './redis-retry.ts';
import { type SentMessage, toUnsentFollowUp, type Unsent, type UnsentMessages, unsentError } from './unsent.ts';

export interface FollowUpSenderDeps {
  readonly broker: Redis;
  /** The Celery result backend, which also counts chords. */
  readonly backend: Redis;
  readonly clock: Clock;
  readonly log: Log;
  readonly retry: RedisRetry;
  /** Writes into the row of a job what could not be sent. @throws AppError DATABASE_* */
  noteUnsent(taskId: string, unsent: UnsentFollowUp): Promise<void>;
}

export interface FollowUpSender {
  /** `message`: the one whose end sends the plan. */
  send(plan: Plan, message: TaskMessage): Promise<void>;
  push(message: TaskMessage, unsent: UnsentMessages): Promise<void>;
  keep(message: TaskMessage, unsent: Unsent, refusal: Error): Promise<void>;
}

export function createFollowUpSender(deps: FollowUpSenderDeps): FollowUpSender {
  const { broker, backend, clock, log, retry } = deps;

  const keep: FollowUpSender['keep'] = async (message, unsent, refusal) => {
    const error = unsentError(unsent, refusal);
    log.error('celery.follow_up_unsent', { task_id: message.id, code: error.code, error: error.message });
    await deps.noteUnsent(message.id, toUnsentFollowUp(unsent, error, clock.wallMs()));
  };

  const pushMessages = async (message: TaskMessage, messages: readonly SentMessage[]): Promise<void> => {
    const refused: SentMessage[] = [];
    let refusal: Error | undefined;
    for (const each of messages) {
      const sent = await retry.attempt(message, () => broker.lpush(each.key, each.raw), each.key);
      if (!sent || !('refusal' in sent)) continue;
      refused.push(each);
      refusal ??= sent.refusal;
    }
    if (refusal) await keep(message, { kind: 'messages', chords: [], messages: refused }, refusal);
  };

  const push: FollowUpSender['push'] = async (message, unsent) => {
    const saved = await retry.attempt(message, async () => {
      for (const each of unsent.chords) await saveChord(backend, each);
    });
    if (!saved) return;
    if ('refusal' in saved) await keep(message, unsent, saved.refusal);
    else await pushMessages(message, unsent.messages);
  };

  const send: FollowUpSender['send'] = ({ sends, chords }, message) => {
    const messages = sends.map((each) => ({ id: each.id, ...encodeTaskMessage(each) }));
    return push(message, { kind: 'messages', chords, messages });
  };

  return { send, push, keep };
}
