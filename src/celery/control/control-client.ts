/** Sends remote control requests to workers and gathers their answers, as `celery inspect` and `celery control` do. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import {
  bindingKey,
  bindingOf,
  controlChannel,
  encodeRequest,
  replyExchange,
  replyQueue,
} from '../protocol/control-wire.ts';
import { decodeEnvelope, isObject, type JsonObject } from '../protocol/envelope.ts';

const lookEveryMs = 20;

export interface Ask {
  readonly arguments?: JsonObject;
  /** Node names; unset: all nodes. */
  readonly destination?: readonly string[];
  /** How long answers are gathered; shorter when all nodes have answered. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Answers {
  /** By node name, in the order of their arrival; empty where no node answers. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Connections that received the request: all worker processes, addressed or not. */
  readonly listeners: number;
}

export interface ControlClient {
  ask(method: string, options: Ask): Promise<Answers>;
  /** Sends a request without an answer; how many connections received it. */
  tell(method: string, options: Pick<Ask, 'arguments' | 'destination'>): Promise<number>;
}

/** A client on an ordinary connection; each request has its own reply list. */
export function createControlClient({
  redis,
  database,
  clock,
}: {
  redis: Redis;
  database: string;
  clock: Clock;
}): ControlClient {
  const publish = (
    method: string,
    options: Omit<Ask, 'signal'>,
    replyTo: { ticket: string; routingKey: string } | null,
  ) =>
    redis.publish(
      controlChannel(database),
      encodeRequest({
        method,
        arguments: options.arguments ?? {},
        destination: options.destination ?? null,
        replyTo,
        clock: 1,
        expiresMs: clock.wallMs() + options.timeoutMs,
      }),
    );

  return {
    async ask(method, options) {
      const routingKey = randomUUID();
      const ticket = randomUUID();
      const queue = replyQueue(routingKey);
      const binding = bindingOf(routingKey, queue);
      const answers: Record<string, unknown> = {};
      const untilMs = clock.monotonicMs() + options.timeoutMs;
      await redis.sadd(bindingKey(replyExchange), binding);
      try {
        const listeners = await publish(method, options, { ticket, routingKey });
        // Processes of one node send one answer, so there may be fewer answers than listeners: then the time runs out.
        const wanted = options.destination?.length ?? listeners;
        while (Object.keys(answers).length < wanted && clock.monotonicMs() < untilMs) {
          const found = await redis.rpop(queue);
          if (found === null) await sleep(lookEveryMs, undefined, { signal: options.signal });
          else Object.assign(answers, readAnswer(found, ticket));
        }
        return { answers, listeners };
      } finally {
        await redis.multi().srem(bindingKey(replyExchange), binding).del(queue).exec();
      }
    },
    async tell(method, options) {
      return publish(method, { ...options, timeoutMs: 0 }, null);
    },
  };
}

/** By node name; empty where it answers another request, or cannot be read. */
function readAnswer(raw: string, ticket: string): JsonObject {
  try {
    const { headers, body } = decodeEnvelope(raw);
    return headers.ticket === ticket && isObject(body) ? body : {};
  } catch {
    return {};
  }
}
