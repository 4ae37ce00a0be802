/** Reads task messages of protocol 2 and 1. Pure. */
import { AppError } from '../../core/errors.ts';
import { decodeEnvelope, type Envelope, isObject, type JsonObject } from './envelope.ts';
import {
  expiresOf,
  invalidMessage,
  isUsableText,
  limitOf,
  momentOf,
  momentTextOf,
  shownText,
  textOf,
  wholeNumber,
} from './message-fields.ts';
import { signaturesOf, toSignature } from './signature.ts';
import type { BadMessage, Embed, ReadCall, TaskMessage } from './task-message.ts';

/** Decodes one list element; never throws. */
export function readTaskMessage(raw: string): TaskMessage | BadMessage {
  let known: JsonObject = {};
  let envelope: Envelope | undefined;
  try {
    envelope = decodeEnvelope(raw);
    known = typeof envelope.headers.task === 'string' || !isObject(envelope.body) ? envelope.headers : envelope.body;
    return toTaskMessage(envelope);
  } catch (cause) {
    const error =
      cause instanceof AppError ? cause : new AppError('MESSAGE_MALFORMED', 'The message cannot be read.', { cause });
    if (isObject(error.details.headers)) known = error.details.headers;
    const task = isUsableText(known.task) ? known.task : null;
    return { error, id: isUsableText(known.id) ? known.id : null, task, call: callOf(task, envelope?.body) };
  }
}

/** Of a body of either protocol. */
function callOf(task: string | null, body: unknown): ReadCall | null {
  const [args, kwargs] = Array.isArray(body) ? body : isObject(body) ? [body.args, body.kwargs] : [];
  if (!Array.isArray(args) && !isObject(kwargs)) return null;
  return { task, args: Array.isArray(args) ? args : [], kwargs: isObject(kwargs) ? kwargs : {} };
}

export function isBadMessage(message: TaskMessage | BadMessage): message is BadMessage {
  return 'error' in message;
}

/** @throws AppError MESSAGE_INVALID */
export function toTaskMessage(envelope: Envelope): TaskMessage {
  return 'task' in envelope.headers ? fromProtocol2(envelope) : fromProtocol1(envelope);
}

function fromProtocol2({ headers, properties, body }: Envelope): TaskMessage {
  if (!Array.isArray(body) || body.length < 3) {
    throw invalidMessage(
      `its body is ${Array.isArray(body) ? `a list of ${body.length}` : 'no list'}, not [args, kwargs, embed]`,
    );
  }
  const [args, kwargs, embed] = body;
  return {
    protocol: 2,
    ...commonFields(headers, { args, kwargs }),
    ...fromProperties(properties),
    embed: toEmbed(isObject(embed) ? embed : {}),
    customHeaders: Object.fromEntries(Object.entries(headers).filter(([name]) => !celeryHeaders.has(name))),
  };
}

function fromProtocol1({ properties, body }: Envelope): TaskMessage {
  if (!isObject(body)) throw invalidMessage('it names no task: no header "task", and its body is no object');
  return {
    protocol: 1,
    ...commonFields(body, { args: body.args ?? [], kwargs: body.kwargs ?? {} }),
    ...fromProperties(properties),
    groupId: textOf(body.taskset) ?? textOf(body.group),
    embed: toEmbed(body),
    customHeaders: {},
  };
}

/** Headers of protocol 2, keys of the body of protocol 1: the same names. */
function commonFields(from: JsonObject, { args, kwargs }: { args: unknown; kwargs: unknown }) {
  const { id, task } = from;
  if (!isUsableText(task)) throw invalidMessage('it names no task');
  if (!isUsableText(id)) throw invalidMessage('it has no id, or one that cannot be stored');
  if (!Array.isArray(args)) throw invalidMessage('its args are no list');
  if (kwargs !== null && !isObject(kwargs)) throw invalidMessage('its kwargs are no object');
  const [hard, soft] = Array.isArray(from.timelimit) ? from.timelimit : [];
  return {
    id,
    task,
    args,
    kwargs: kwargs ?? {},
    retries: wholeNumber(from.retries, 0) ?? 0,
    etaMs: momentOf(from.eta, 'eta'),
    expires: expiresOf(from.expires),
    hardLimitSeconds: limitOf(hard),
    softLimitSeconds: limitOf(soft),
    rootId: textOf(from.root_id),
    parentId: textOf(from.parent_id),
    groupId: textOf(from.group),
    groupIndex: wholeNumber(from.group_index, 0),
    shadow: textOf(from.shadow),
    argsText: shownText(from.argsrepr),
    kwargsText: shownText(from.kwargsrepr),
    etaText: momentTextOf(from.eta, 'eta'),
    expiresText: typeof from.expires === 'number' ? null : momentTextOf(from.expires, 'expires'),
    ignoresResult: from.ignore_result === true,
  };
}

function fromProperties(properties: JsonObject) {
  const info = isObject(properties.delivery_info) ? properties.delivery_info : {};
  const priority = wholeNumber(properties.priority, 0) ?? 0;
  return {
    replyTo: textOf(properties.reply_to) ?? textOf(properties.replyTo),
    priority: Math.min(9, priority),
    routingKey: textOf(info.routing_key),
    isRedelivered: info.redelivered === true,
  };
}

function toEmbed(embed: JsonObject): Embed {
  return {
    callbacks: signaturesOf(embed.callbacks),
    errbacks: signaturesOf(embed.errbacks),
    chain: signaturesOf(embed.chain).toReversed(),
    chord: embed.chord === null || embed.chord === undefined ? null : toSignature(embed.chord),
  };
}

/** Headers that Celery 5.2 to 5.6 writes itself. */
export const celeryHeaders: ReadonlySet<string> = new Set([
  'lang',
  'task',
  'id',
  'shadow',
  'eta',
  'expires',
  'group',
  'group_index',
  'retries',
  'timelimit',
  'root_id',
  'parent_id',
  'argsrepr',
  'kwargsrepr',
  'origin',
  'ignore_result',
  'compression',
  'redelivered',
]);
