/** Names and envelopes of remote control and events on Redis, as kombu's `transport.redis` has them. docs/celery-protocol.md */
import { randomUUID } from 'node:crypto';
import { redisDatabaseOf } from '../../core/connections/redis.ts';
import { encodeEnvelope, type JsonObject } from './envelope.ts';

const separator = '\x06\x16';
const controlExchange = 'celery.pidbox';
export const replyExchange = 'reply.celery.pidbox';

/** The key of the set that names the queues of an exchange. */
export const bindingKey = (exchange: string): string => `_kombu.binding.${exchange}`;
export const nodesKey = bindingKey(controlExchange);

/** A member of that set: routing key, pattern, queue. */
export const bindingOf = (routingKey: string, queue: string): string => `${routingKey}${separator}${separator}${queue}`;
export const nodeBinding = (node: string): string => bindingOf('', `${node}.celery.pidbox`);
export const replyQueue = (routingKey: string): string => `${routingKey}.${replyExchange}`;

/** The database number of a Redis address, as channel names have it. */
export function databaseNumberOf(url: string): string {
  return String(redisDatabaseOf(url));
}

export const controlChannel = (database: string): string => `/${database}.celery.pidbox`;
export const eventChannel = (database: string, routingKey: string): string => `/${database}.celeryev/${routingKey}`;

/** Matches the channels of all events, for PSUBSCRIBE. */
export const eventPattern = (database: string): string => `/${database}.celeryev/*`;

/** `worker.heartbeat` of `worker-heartbeat`. */
export const routingKeyOf = (eventType: string): string => eventType.replace('-', '.');

/** The answer of a node, to be pushed to the caller's list. */
export function encodeReply(reply: {
  readonly node: string;
  readonly value: unknown;
  readonly ticket: string | null;
  readonly clock: number;
  readonly exchange: string;
  readonly routingKey: string;
}): string {
  const { node, value, ticket, clock, exchange, routingKey } = reply;
  // JSON has no undefined; a command without a result answers Python's None.
  return encodeMessage({ [node]: value ?? null }, { ticket, clock }, { exchange, routingKey });
}

export interface RequestToSend {
  readonly method: string;
  readonly arguments: JsonObject;
  /** null: all nodes. */
  readonly destination: readonly string[] | null;
  /** null: no answer is wanted. */
  readonly replyTo: { readonly ticket: string; readonly routingKey: string } | null;
  readonly clock: number;
  readonly expiresMs: number;
}

/** A request, to be published on the control channel. */
export function encodeRequest({ replyTo, clock, expiresMs, ...request }: RequestToSend): string {
  const body = {
    method: request.method,
    arguments: request.arguments,
    destination: request.destination,
    pattern: null,
    matcher: null,
    ...(replyTo === null
      ? {}
      : { ticket: replyTo.ticket, reply_to: { exchange: replyExchange, routing_key: replyTo.routingKey } }),
  };
  const headers = { clock, expires: replyTo === null ? 0 : expiresMs / 1_000 };
  return encodeMessage(body, headers, { exchange: controlExchange, routingKey: '' });
}

/** One event (an object) or several task events (a list), to be published. */
export function encodeEvents(body: unknown, { node, routingKey }: { node: string; routingKey: string }): string {
  return encodeMessage(body, { hostname: node }, { exchange: 'celeryev', routingKey });
}

function encodeMessage(
  body: unknown,
  headers: JsonObject,
  { exchange, routingKey }: { exchange: string; routingKey: string },
): string {
  const properties = {
    delivery_mode: 1,
    delivery_info: { exchange, routing_key: routingKey },
    priority: 0,
    delivery_tag: randomUUID(),
  };
  return encodeEnvelope({ body, headers, properties });
}
