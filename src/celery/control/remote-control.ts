/**
 * A node's ear for `celery inspect` and `celery control`: listens on the control channel, runs what it is asked and answers.
 * Processes that share a node's name answer as one: each does its part, and the first one to claim a request sends the answer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/logger.ts';
import type { Redis } from '../../core/redis.ts';
import { bindingKey, controlChannel, encodeReply, nodeBinding, nodesKey } from '../protocol/control-wire.ts';
import { decodeEnvelope, type Envelope } from '../protocol/envelope.ts';
import { type CommandAnswer, joinAnswers, runCommand } from './control-commands.ts';
import { type ControlRequest, isAddressedTo, readControlRequest } from './control-request.ts';
import type { NodeContext } from './node-context.ts';

/** A caller that went away without a word leaves its list for no longer than this. */
const replyLifeSeconds = 60;
const partLifeMs = 10_000;
/** Of the second that a caller waits; what another process has not said by then is missing from the answer. */
const gatherWithinMs = 600;
const lookEveryMs = 10;

/**
 * Pushes a reply only while the caller's queue is bound: whoever stops waiting deletes its list and its binding, and a reply
 * that came between two commands of ours would leave a list for ever.
 */
const replyScript = `
local sent = 0
for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local routing, queue = string.match(member, '^(.-)\\6\\22.-\\6\\22(.*)$')
  if routing == ARGV[1] then
    redis.call('LPUSH', queue, ARGV[2])
    redis.call('EXPIRE', queue, ARGV[3])
    sent = sent + 1
  end
end
return sent`;

export interface RemoteControlOptions {
  readonly context: NodeContext;
  /** A connection of its own: one that listens can do nothing else. */
  readonly subscriber: Redis;
  /** Where callers are. */
  readonly broker: Redis;
  /** Where processes of one node meet. */
  readonly redis: Redis;
  readonly database: string;
  /** How many processes share this node's name now. */
  countProcesses(): Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RemoteControl {
  /** Listens from now on, also after the connection was lost; resolves when it does, which a broker that is away delays. */
  start(): Promise<void>;
  /** Tells clients that this node is there; again and again, as an emptied Redis forgets it. */
  bind(): Promise<void>;
  stop(): Promise<void>;
  /** The last process of a node takes its leave. */
  unbind(): Promise<void>;
}

export function createRemoteControl(options: RemoteControlOptions): RemoteControl {
  const { context, subscriber, broker, redis, clock, log } = options;
  const { node } = context;

  const answer = async (request: ControlRequest): Promise<void> => {
    const { replyTo, method } = request;
    const processes = replyTo === null ? 1 : await options.countProcesses().catch(() => 1);
    const own = await runCommand(context, method, request.arguments);
    log.debug('celery.control', { method, replies: replyTo !== null });
    if (replyTo === null) return;
    const value = processes > 1 ? await gather(request, own, processes) : own.value;
    if (value !== undefined) await reply(replyTo, value);
  };

  /** The joined answer in the process that claimed the request, undefined in the others. */
  const gather = async (request: ControlRequest, own: CommandAnswer, processes: number): Promise<unknown> => {
    const key = `vambe:control:${node}:${request.replyTo?.ticket}`;
    await redis
      .multi()
      .rpush(`${key}:parts`, JSON.stringify({ value: own.value }))
      .pexpire(`${key}:parts`, partLifeMs)
      .exec();
    if ((await redis.set(`${key}:claim`, context.pid, 'PX', partLifeMs, 'NX')) !== 'OK') return undefined;
    const untilMs = clock.monotonicMs() + gatherWithinMs;
    let parts = await redis.lrange(`${key}:parts`, 0, -1);
    while (parts.length < processes && clock.monotonicMs() < untilMs) {
      await sleep(lookEveryMs);
      parts = await redis.lrange(`${key}:parts`, 0, -1);
    }
    const values = parts.map((part) => (JSON.parse(part) as { value?: unknown }).value);
    return joinAnswers(
      own.join,
      values.filter((value) => value !== undefined),
    );
  };

  const reply = async (to: NonNullable<ControlRequest['replyTo']>, value: unknown): Promise<void> => {
    const text = encodeReply({ node, value, clock: context.clock.forward(), ...to });
    await broker.eval(replyScript, 1, bindingKey(to.exchange), to.routingKey, text, replyLifeSeconds);
  };

  const hear = (raw: string): void => {
    const envelope = open(raw);
    const request = envelope && readControlRequest(envelope.body, envelope.headers);
    if (!request) {
      log.warn('celery.control_unreadable', { chars: raw.length });
      return;
    }
    context.clock.adjust(request.clock);
    if (!isAddressedTo(node, request)) return;
    answer(request).catch((error) => {
      log.warn('celery.control_failed', {
        method: request.method,
        error: error instanceof Error ? error.message : 'unknown',
      });
    });
  };

  return {
    async start() {
      subscriber.on('message', (_channel, raw) => hear(raw));
      // ioredis subscribes again whenever the connection is back.
      await subscriber.subscribe(controlChannel(options.database)).catch((error: Error) => {
        log.debug('celery.control_ended', { error: error.message });
      });
    },
    async bind() {
      await broker.sadd(nodesKey, nodeBinding(node));
    },
    async stop() {
      subscriber.removeAllListeners('message');
      if (subscriber.status === 'ready') await subscriber.unsubscribe().catch(() => undefined);
    },
    async unbind() {
      if (broker.status === 'ready') await broker.srem(nodesKey, nodeBinding(node)).catch(() => undefined);
    },
  };
}

/** Anybody may publish anything here: what cannot be read is no more than a line in the log. */
function open(raw: string): Envelope | undefined {
  try {
    return decodeEnvelope(raw);
  } catch {
    return undefined;
  }
}
