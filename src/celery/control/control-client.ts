/** Asks workers by remote control and gathers their answers, as `celery inspect` and `celery control` do. celery-wire section 6. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/redis.ts';
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
  /** Node names; unset: everyone. */
  readonly destination?: readonly string[];
  /** How long answers are gathered; shorter where as many nodes have answered as can. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Answers {
  /** By node name, in their order of arrival; empty where nobody answers. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Connections that heard the question: worker processes, whether they were meant or not. */
  readonly listeners: number;
}

export interface ControlClient {
  ask(method: string, options: Ask): Promise<Answers>;
  /** Nobody is to answer. Gives back how many connections heard it. */
  tell(method: string, options: Pick<Ask, 'arguments' | 'destination'>): Promise<number>;
}

/** A client on an ordinary connection; each question has a reply list of its own. */
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
        // Processes of one name answer together, so fewer answers may be all there are: then the time has to pass.
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

/** By node name; empty where it answers something else, or cannot be read. */
function readAnswer(raw: string, ticket: string): JsonObject {
  try {
    const { headers, body } = decodeEnvelope(raw);
    return headers.ticket === ticket && isObject(body) ? body : {};
  } catch {
    return {};
  }
}
