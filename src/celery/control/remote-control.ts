/**
 * Listens on the control channel for `celery inspect` and `celery control`, runs the command and answers. Every process of a node
 * runs it; one of them answers for all.
 */

import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log/logger.ts';
import { bindingKey, controlChannel, encodeReply, nodeBinding, nodesKey } from '../protocol/control-wire.ts';
import { decodeEnvelope, type Envelope } from '../protocol/envelope.ts';
import { runCommand } from './control-commands.ts';
import { type ControlRequest, isAddressedTo, readControlRequest } from './control-request.ts';
import { gatherAnswer } from './node-answer.ts';
import type { NodeContext } from './node-context.ts';

/** A reply list expires after this time when its caller does not read it. */
const replyLifeSeconds = 60;

/**
 * Pushes a reply only while the caller's queue is bound. A caller that stops waiting deletes its list and its binding; one script
 * checks and pushes, so that no reply is pushed to a list that was deleted.
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
  /** A connection of its own: one that subscribes takes no other commands. */
  readonly subscriber: Redis;
  /** Where callers publish their requests. */
  readonly broker: Redis;
  /** Shared by the processes of one node. */
  readonly redis: Redis;
  readonly database: string;
  /** How many processes share this node's name now. */
  countProcesses(): Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RemoteControl {
  /** Listens from now on, also after a reconnection; resolves when it listens, which takes until the broker answers. */
  start(): Promise<void>;
  /** Registers this node for clients; to be repeated, as an emptied Redis loses it. */
  bind(): Promise<void>;
  stop(): Promise<void>;
  /** Removes the registration, when the last process of the node stops. */
  unbind(): Promise<void>;
}

export function createRemoteControl(options: RemoteControlOptions): RemoteControl {
  const { context, subscriber, broker, redis, clock, log } = options;
  const { node } = context;
  const ofNode = { node, pid: context.pid, redis, clock };

  const answer = async (request: ControlRequest): Promise<void> => {
    const { replyTo, method } = request;
    const processes = replyTo === null ? 1 : await options.countProcesses().catch(() => 1);
    const own = await runCommand(context, method, request.arguments);
    log.debug('celery.control', { method, replies: replyTo !== null });
    if (replyTo === null) return;
    const value = processes > 1 ? await gatherAnswer(ofNode, replyTo.ticket, own, processes) : own.value;
    if (value !== undefined) await reply(replyTo, value);
  };

  const reply = async (to: NonNullable<ControlRequest['replyTo']>, value: unknown): Promise<void> => {
    const text = encodeReply({ node, value, clock: context.clock.forward(), ...to });
    await broker.eval(replyScript, 1, bindingKey(to.exchange), to.routingKey, text, replyLifeSeconds);
  };

  const onMessage = (raw: string): void => {
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
        error: messageOf(error),
      });
    });
  };

  return {
    async start() {
      subscriber.on('message', (_channel, raw) => onMessage(raw));
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

/** Undefined where it is no envelope: any client may publish anything on the channel. */
function open(raw: string): Envelope | undefined {
  try {
    return decodeEnvelope(raw);
  } catch {
    return undefined;
  }
}
