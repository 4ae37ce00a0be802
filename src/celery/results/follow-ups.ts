/**
 * What a task that came from Celery does when it ends: sends links and the next step, tells the steps that will never run, and
 * counts members of chords. Ids are derived, so that a second ending after a kill sends nothing twice under another id.
 */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import type { CancelReason } from '../../core/lifecycle.ts';
import type { Log } from '../../core/logger.ts';
import type { Redis } from '../../core/redis.ts';
import { type DocumentWriter, isoMicroseconds } from '../../core/redis-documents.ts';
import type { TaskRegistry } from '../../core/task.ts';
import { encodeTaskMessage } from '../protocol/encode-task-message.ts';
import { isObject, type JsonObject } from '../protocol/envelope.ts';
import { pythonException } from '../protocol/python-exception.ts';
import { pythonRepr } from '../protocol/python-repr.ts';
import type { Signature } from '../protocol/signature.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import { type Plan, type PlanOptions, planChainStep, planLinks, planSignature } from './canvas.ts';
import { signaturesIn, type UnsentTask, unsentTasks } from './canvas-ends.ts';
import {
  type ChordMember,
  countMember,
  type EndedMember,
  forgetChord,
  type MemberEnd,
  saveChord,
} from './chord-count.ts';
import type { Patience } from './patience.ts';
import { failureDocument } from './result-documents.ts';
import {
  readUnsent,
  type SentMessage,
  toUnsentFollowUp,
  type Unsent,
  type UnsentMessages,
  unsentError,
} from './unsent.ts';

export interface FollowUps {
  /** Links and the next step, before the result is published; the `children` of its document. */
  afterSuccess(message: TaskMessage, result: unknown): Promise<readonly unknown[]>;
  /** Error links, the steps that follow, and the chord, after the failure is published. */
  afterFailure(message: TaskMessage, error: AppError): Promise<void>;
  /** Counts a member of a chord; the last one sends the body. */
  endMember(message: TaskMessage, end: MemberEnd): Promise<void>;
  /** Does again what was refused. @throws what Redis says, where the patience is `noPatience` */
  sendUnsent(message: TaskMessage, kept: UnsentFollowUp): Promise<void>;
  /** The worker stops: what is refused is kept at once. */
  hurry(): void;
  /** Gives up waiting for a broker that does not answer. */
  stop(): void;
}

export interface FollowUpDeps {
  readonly broker: Redis;
  /** Where Celery clients read results; counts of chords stand there too. */
  readonly backend: Redis;
  /** Of the result backend. */
  readonly writer: DocumentWriter;
  readonly registry: TaskRegistry;
  readonly clock: Clock;
  readonly log: Log;
  /** `<pid>@<host>` for headers. */
  readonly origin: string;
  readonly patience: Patience;
  /** Writes into the row of a job what could not be sent. @throws AppError DATABASE_* */
  noteUnsent(taskId: string, unsent: UnsentFollowUp): Promise<void>;
}

export function createFollowUps(deps: FollowUpDeps): FollowUps {
  const { broker, backend, writer, registry, clock, log, origin, patience } = deps;
  const { attempt } = patience;

  /** By the sender's wish, else by the task as Celery's routes do, else where its parent came from. */
  const queueOf = (message: TaskMessage) => (task: string, options: JsonObject) => {
    if (typeof options.queue === 'string' && options.queue !== '') return options.queue;
    const known = registry.all.find(({ name, aliases }) => name === task || aliases.includes(task));
    return known?.queue ?? message.routingKey ?? 'celery';
  };

  const optionsFor = (message: TaskMessage, prefix: readonly unknown[], seed: string): PlanOptions => ({
    parent: { id: message.id, rootId: message.rootId, replyTo: message.replyTo, headers: message.customHeaders },
    prefix,
    seed: `vambe:child:${message.id}:${seed}`,
    nowMs: clock.wallMs(),
    origin,
    queueOf: queueOf(message),
  });

  const send = ({ sends, chords }: Plan, message: TaskMessage) =>
    push(message, {
      kind: 'messages',
      chords,
      messages: sends.map((each) => ({ id: each.id, ...encodeTaskMessage(each) })),
    });

  /** What Redis refuses is kept, and the rest is sent. */
  const push = async (message: TaskMessage, given: UnsentMessages) => {
    const saved = await attempt(message, async () => {
      for (const each of given.chords) await saveChord(backend, each);
    });
    if (!saved) return;
    if ('refusal' in saved) return keep(message, given, saved.refusal);
    const refused: SentMessage[] = [];
    let refusal: Error | undefined;
    for (const each of given.messages) {
      const sent = await attempt(message, () => broker.lpush(each.key, each.raw), each.key);
      if (!sent || !('refusal' in sent)) continue;
      refused.push(each);
      refusal ??= sent.refusal;
    }
    if (refusal) await keep(message, { kind: 'messages', chords: [], messages: refused }, refusal);
  };

  const keep = async (message: TaskMessage, unsent: Unsent, refusal: Error) => {
    const error = unsentError(unsent, refusal);
    log.error('celery.follow_up_unsent', { task_id: message.id, code: error.code, error: error.message });
    await deps.noteUnsent(message.id, toUnsentFollowUp(unsent, error, clock.wallMs()));
  };

  const sendErrorLinks = async (message: TaskMessage, links: readonly Signature[], failedId: string) => {
    const options = optionsFor(message, [failedId], `error:${failedId}`);
    // Those of a chord's body are the body's own: the member that failed is another task.
    const parent = failedId === message.id ? options.parent : { ...options.parent, id: failedId, rootId: failedId };
    for (const plan of planLinks(links, { ...options, parent }, { alwaysGroup: true })) await send(plan, message);
  };

  const endMemberOf = async (message: TaskMessage, member: ChordMember, end: MemberEnd) => {
    const counted = await attempt(message, () => countMember(backend, member, end));
    if (!counted) return;
    if ('refusal' in counted) return keep(message, { kind: 'member', member, end }, counted.refusal);
    if (!counted.value) return;
    const { members, results: ended } = counted.value;
    const failed = members.find(({ state }) => state !== 'SUCCESS');
    if (failed) await failBody(message, member.body, failed);
    else await send(planSignature(member.body, optionsFor(message, [ended], `chord:${member.groupId}`)), message);
    // Refused, they go by themselves within the hour.
    await attempt(message, () => forgetChord(backend, member.groupId));
  };

  const failBody = async (message: TaskMessage, body: Signature, { id, result }: EndedMember) => {
    const error = new AppError('CHORD_FAILED', `Dependency ${id} raised ${exceptionRepr(result)}`);
    const unsent = unsentTasks(body);
    const bodyId = unsent.at(-1)?.id;
    if (bodyId === undefined) return;
    await failUnsent(message, unsent, error);
    await sendErrorLinks(message, signaturesIn(body.options.link_error), bodyId);
  };

  /** Each has its document, and the chord that waits for it goes on. */
  const failUnsent = async (message: TaskMessage, tasks: readonly UnsentTask[], error: AppError) => {
    const end = { state: 'FAILURE', result: pythonException(error) } as const;
    for (const { id, groupId, groupIndex: index, chord: body } of tasks) {
      const now = isoMicroseconds(clock.wallMs());
      await writer.write([failureDocument({ taskId: id, terms: { groupId } }, error, now)]);
      if (body && groupId !== null) await endMemberOf(message, { id, groupId, index, body }, end);
    }
  };

  const endMember = async (message: TaskMessage, end: MemberEnd) => {
    const { id, embed, groupId, groupIndex } = message;
    if (embed.chord && groupId) await endMemberOf(message, { id, groupId, index: groupIndex, body: embed.chord }, end);
  };

  return {
    async afterSuccess(message, result) {
      const { callbacks, chain } = message.embed;
      const plans = [...planLinks(callbacks, optionsFor(message, [result ?? null], 'link'))];
      const next = planChainStep(chain, optionsFor(message, [result ?? null], 'chain'));
      if (next) plans.push(next);
      for (const plan of plans) await send(plan, message);
      return plans.map(({ trail }) => trail);
    },
    async afterFailure(message, error) {
      await sendErrorLinks(message, message.embed.errbacks, message.id);
      const unsent = message.embed.chain.toReversed().flatMap((step) => unsentTasks(step));
      await failUnsent(message, unsent, error);
      await endMember(message, { state: 'FAILURE', result: pythonException(error) });
    },
    endMember,
    async sendUnsent(message, kept) {
      const unsent = readUnsent(kept);
      if (unsent.kind === 'messages') await push(message, unsent);
      else await endMemberOf(message, unsent.member, unsent.end);
    },
    hurry: patience.hurry,
    stop: patience.stop,
  };
}

/** How a chord sees a member that did not run. */
export function revokedEnd(reason: CancelReason): MemberEnd {
  const result = { exc_type: 'TaskRevokedError', exc_message: [reason], exc_module: 'celery.exceptions' };
  return { state: 'REVOKED', result };
}

/** `ValueError('x', 1)` of a described exception. */
function exceptionRepr(value: unknown): string {
  if (!isObject(value)) return pythonRepr(value);
  const args = Array.isArray(value.exc_message) ? value.exc_message : [value.exc_message];
  return `${value.exc_type}(${args.map(pythonRepr).join(', ')})`;
}
