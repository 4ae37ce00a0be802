/**
 * What a task that came from Celery does when it ends: sends links and the next step, tells the steps that will never run, and
 * counts members of chords. Ids are derived, so that a second ending after a kill sends nothing twice under another id.
 */
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { Redis } from '../core/redis.ts';
import { pythonException, type ResultBackend, type RevokeReason } from '../core/results.ts';
import type { TaskRegistry } from '../core/task.ts';
import { type Plan, type PlannedChord, type PlanOptions, planChainStep, planLinks, planSignature } from './canvas.ts';
import { type ResultTuple, signaturesIn, type UnsentTask, unsentTasks } from './canvas-ends.ts';
import { isObject, type JsonObject } from './envelope.ts';
import { messageWithFollowUps } from './judge-message.ts';
import { encodeTaskMessage, type Signature, type TaskMessage } from './message.ts';
import { pythonRepr } from './python-repr.ts';

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
  readonly results: Pick<ResultBackend, 'failedUnrun'>;
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

export function createFollowUps({ broker, backend, results, registry, clock, log, origin }: FollowUpDeps): FollowUps {
  let isStopped = false;

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

  const saveChord = async ({ groupId, size, structure }: PlannedChord) => {
    // Where Celery saves it too, so that a Python worker can end the chord.
    if (structure) await backend.setex(chordKey(groupId, ''), chordLifeSeconds, JSON.stringify({ result: structure }));
    await backend.setex(chordKey(groupId, '.s'), chordLifeSeconds, size);
  };

  const send = async ({ sends, chords }: Plan) => {
    await untilDone(async () => {
      for (const each of chords) await saveChord(each);
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
    const keys = (['.j', '.t', '.s'] as const).map((each) => chordKey(member.groupId, each));
    const ended = await untilDone(() =>
      backend.eval(memberScript, 3, ...keys, member.index ?? '+inf', entry, chordLifeSeconds),
    );
    if (!Array.isArray(ended)) return;
    const members = ended.map((each) => toMember(String(each)));
    const failed = members.find(({ state }) => state !== 'SUCCESS');
    if (failed) await failBody(message, member.body, failed);
    else {
      const saved = await untilDone(() => backend.get(chordKey(member.groupId, '')));
      const prefix = [resultsOf(members, saved)];
      await send(planSignature(member.body, optionsFor(message, prefix, `chord:${member.groupId}`)));
    }
    await untilDone(() => backend.del(...keys));
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
      await results.failedUnrun({ taskId: id, groupId, parentId: null }, error);
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
      for (const plan of plans) await send(plan);
      return plans.map(({ trail }) => trail);
    },
    async afterFailure(message, error) {
      await sendErrorLinks(message, message.embed.errbacks, message.id);
      const unsent = message.embed.chain.toReversed().flatMap((step) => unsentTasks(step));
      await failUnsent(message, unsent, error);
      await endMember(message, { state: 'FAILURE', result: pythonException(error) });
    },
    endMember,
    stop() {
      isStopped = true;
    },
  };
}

/** The same results; a job that came from Celery with links, steps or a chord has them done around its own end. */
export function followResults(results: ResultBackend, followUps: FollowUps): ResultBackend {
  return {
    ...results,
    async succeeded(job, result, cache) {
      const message = messageWithFollowUps(job.terms);
      if (!message) return results.succeeded(job, result, cache);
      await results.succeeded(job, result, cache, await followUps.afterSuccess(message, result));
      await followUps.endMember(message, { state: 'SUCCESS', result });
    },
    async failed(job, error, cache) {
      await results.failed(job, error, cache);
      const message = messageWithFollowUps(job.terms);
      if (message) await followUps.afterFailure(message, error);
    },
    async revoked(job, reason = 'revoked') {
      await results.revoked(job, reason);
      const message = messageWithFollowUps(job.terms);
      if (message) await followUps.endMember(message, revokedEnd(reason));
    },
    stop() {
      followUps.stop();
      results.stop();
    },
  };
}

/** How a chord sees a member that did not run. */
export function revokedEnd(reason: RevokeReason): MemberEnd {
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

function chordKey(groupId: string, suffix: '' | '.j' | '.t' | '.s'): string {
  return `celery-taskset-meta-${groupId}${suffix}`;
}

/** In the order of their places, nested as the saved structure says. */
function resultsOf(members: readonly EndedMember[], saved: string | null | undefined): readonly unknown[] {
  const flat = members.map(({ result }) => result);
  const byId = new Map(members.map(({ id, result }) => [id, result]));
  const nest = ([[id], inner]: ResultTuple): unknown => {
    if (inner !== null) return inner.map(nest);
    if (id === null || !byId.has(id)) throw new Error(`the saved structure names ${id}, which is no member`);
    return byId.get(id);
  };
  try {
    const { result }: { result?: ResultTuple } = saved ? JSON.parse(saved) : {};
    return result?.[1]?.map(nest) ?? flat;
  } catch {
    // Another program's document, or one that names other tasks: the results are right all the same.
    return flat;
  }
}

/** `ValueError('x', 1)` of a described exception. */
function exceptionRepr(value: unknown): string {
  if (!isObject(value)) return pythonRepr(value);
  const args = Array.isArray(value.exc_message) ? value.exc_message : [value.exc_message];
  return `${value.exc_type}(${args.map(pythonRepr).join(', ')})`;
}
