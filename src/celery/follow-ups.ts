/**
 * What a task that came from Celery does when it ends: sends links and the next step, tells the steps that will never run, and
 * counts members of chords. Ids are derived, so that a second ending after a kill sends nothing twice under another id.
 */
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { CancelReason } from '../core/lifecycle.ts';
import type { Log } from '../core/logger.ts';
import type { Redis } from '../core/redis.ts';
import { type DocumentWriter, isoMicroseconds } from '../core/redis-documents.ts';
import type { TaskRegistry } from '../core/task.ts';
import { type Plan, type PlanOptions, planChainStep, planLinks, planSignature } from './canvas.ts';
import { isObject, type JsonObject } from './envelope.ts';
import { encodeTaskMessage, type Signature, type TaskMessage, toSignature } from './message.ts';
import { pythonRepr } from './python-repr.ts';
import { pythonException } from './results/python-exception.ts';
import { type DescribedTask, failureDocument } from './results/result-documents.ts';

export interface FollowUps {
  /** Links and the next step, before the result is published; the `children` of its document. */
  afterSuccess(message: TaskMessage, result: unknown): Promise<readonly unknown[]>;
  /** Error links, the steps that follow, and the chord, after the failure is published. */
  afterFailure(message: TaskMessage, error: AppError): Promise<void>;
  /** Counts a member of a chord; the last one sends the body. */
  endMember(message: TaskMessage, end: MemberEnd): Promise<void>;
  /** Gives up waiting for a broker that does not answer. */
  stop(): void;
}

interface MemberEnd {
  readonly state: 'SUCCESS' | 'FAILURE' | 'REVOKED';
  /** Or what describes its exception. */
  readonly result: unknown;
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
}

/** As long as results live. */
const chordLifeSeconds = 3_600;
const tryAgainMs = 500;

/** Counts as Celery does; gives back the members in order when this was the last. ARGV: index, entry, life. */
const memberScript = `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
local size, more = redis.call('GET', KEYS[3]), redis.call('GET', KEYS[2])
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[3]) end
if size and redis.call('ZCARD', KEYS[1]) >= tonumber(size) + tonumber(more or 0) then
  return redis.call('ZRANGE', KEYS[1], 0, -1)
end
return false`;

export function createFollowUps({ broker, backend, writer, registry, clock, log, origin }: FollowUpDeps): FollowUps {
  let isStopped = false;

  /** Of a step that will never be sent. */
  const failUnsent = (task: DescribedTask, error: AppError) =>
    writer.write([failureDocument(task, error, isoMicroseconds(clock.wallMs()))]);

  /** What waits here keeps its job from ending, as a result that cannot be published does. */
  const untilDone = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    for (let failures = 0; !isStopped; failures++) {
      try {
        return await work();
      } catch (error) {
        if (failures === 0)
          log.warn('celery.sending_waits', { error: error instanceof Error ? error.message : 'unknown' });
        await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
      }
    }
    return undefined;
  };

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

  const send = async ({ sends, chordSizes }: Plan) => {
    await untilDone(async () => {
      for (const { groupId, size } of chordSizes) await backend.setex(chordKey(groupId, 's'), chordLifeSeconds, size);
      for (const each of sends) {
        const { key, raw } = encodeTaskMessage(each);
        await broker.lpush(key, raw);
      }
    });
  };

  const sendErrorLinks = async (message: TaskMessage, links: readonly Signature[], failedId: string) => {
    const options = optionsFor(message, [failedId], `error:${failedId}`);
    // Those of a chord's body are the body's own: the member that failed is another task.
    const parent = failedId === message.id ? options.parent : { ...options.parent, id: failedId, rootId: failedId };
    for (const plan of planLinks(links, { ...options, parent }, { alwaysGroup: true })) await send(plan);
  };

  const endMemberOf = async (message: TaskMessage, member: ChordMember, end: MemberEnd) => {
    const entry = JSON.stringify([1, member.id, end.state, end.result ?? null]);
    const keys = (['j', 't', 's'] as const).map((each) => chordKey(member.groupId, each));
    const ended = await untilDone(() =>
      backend.eval(memberScript, 3, ...keys, member.index ?? '+inf', entry, chordLifeSeconds),
    );
    if (!Array.isArray(ended)) return;
    const members = ended.map((each) => toMember(String(each)));
    const failed = members.find(({ state }) => state !== 'SUCCESS');
    if (failed) await failBody(message, member.body, failed);
    else {
      const prefix = [members.map(({ result }) => result)];
      await send(planSignature(member.body, optionsFor(message, prefix, `chord:${member.groupId}`)));
    }
    await untilDone(() => backend.del(...keys));
  };

  const failBody = async (message: TaskMessage, body: Signature, { id, result }: EndedMember) => {
    const bodyId = idOf(body);
    const words = `Dependency ${id} raised ${exceptionRepr(result)}`;
    if (bodyId === null) return;
    await failUnsent({ taskId: bodyId }, new AppError('CHORD_FAILED', words));
    await sendErrorLinks(message, signaturesOf(body.options.link_error), bodyId);
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
      for (const plan of plans) await send(plan);
      return plans.map(({ trail }) => trail);
    },
    async afterFailure(message, error) {
      await sendErrorLinks(message, message.embed.errbacks, message.id);
      const end = { state: 'FAILURE', result: pythonException(error) } as const;
      for (const step of message.embed.chain.toReversed()) {
        const taskId = idOf(step);
        const groupId = typeof step.options.group_id === 'string' ? step.options.group_id : null;
        if (taskId === null) continue;
        await failUnsent({ taskId, terms: { groupId } }, error);
        const { chord, group_index: index } = step.options;
        if (!chord || groupId === null) continue;
        const body = toSignature(chord);
        await endMemberOf(message, { id: taskId, groupId, index: typeof index === 'number' ? index : null, body }, end);
      }
      await endMember(message, end);
    },
    endMember,
    stop() {
      isStopped = true;
    },
  };
}

/** How a chord sees a member that did not run. */
export function revokedEnd(reason: CancelReason): MemberEnd {
  const result = { exc_type: 'TaskRevokedError', exc_message: [reason], exc_module: 'celery.exceptions' };
  return { state: 'REVOKED', result };
}

interface ChordMember {
  readonly id: string;
  readonly groupId: string;
  readonly index: number | null;
  readonly body: Signature;
}

interface EndedMember {
  readonly id: string;
  readonly state: string;
  readonly result: unknown;
}

function toMember(entry: string): EndedMember {
  const [, id, state, result]: unknown[] = JSON.parse(entry);
  return { id: String(id), state: String(state), result };
}

function chordKey(groupId: string, suffix: 'j' | 't' | 's'): string {
  return `celery-taskset-meta-${groupId}.${suffix}`;
}

function idOf({ options }: Signature): string | null {
  return typeof options.task_id === 'string' ? options.task_id : null;
}

function signaturesOf(value: unknown): Signature[] {
  return (Array.isArray(value) ? value : value ? [value] : []).map(toSignature);
}

/** `ValueError('x', 1)` of a described exception. */
function exceptionRepr(value: unknown): string {
  if (!isObject(value)) return pythonRepr(value);
  const args = Array.isArray(value.exc_message) ? value.exc_message : [value.exc_message];
  return `${value.exc_type}(${args.map(pythonRepr).join(', ')})`;
}
