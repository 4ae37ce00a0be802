/** Task messages of protocol 2 and 1 as one typed shape, and task messages to send. Pure. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import type { ReadCall } from '../bridge/api-polls.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, isObject, type JsonObject } from './envelope.ts';
import { safeRepr, tupleRepr } from './python-repr.ts';

/** One call that is to be sent later: a link, a step of a chain, the body of a chord. */
export interface Signature {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
  readonly options: JsonObject;
  readonly subtaskType: string | null;
  /** The result of its parent is not put before its arguments. */
  readonly isImmutable: boolean;
}

export interface Embed {
  /** `link` */
  readonly callbacks: readonly Signature[];
  /** `link_error` */
  readonly errbacks: readonly Signature[];
  /** The steps that follow, in their order of running: the wire has them reversed. */
  readonly chain: readonly Signature[];
  readonly chord: Signature | null;
}

export interface TaskMessage {
  readonly protocol: 1 | 2;
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
  readonly retries: number;
  /** Milliseconds since 1970; null: at once. */
  readonly etaMs: number | null;
  /** Milliseconds since 1970, or seconds from its arrival; null: never. */
  readonly expires: { readonly atMs: number } | { readonly inSeconds: number } | null;
  readonly hardLimitSeconds: number | null;
  readonly softLimitSeconds: number | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly groupId: string | null;
  readonly groupIndex: number | null;
  readonly shadow: string | null;
  /** Arguments as the sender shows them to people; null: it does not. */
  readonly argsText: string | null;
  readonly kwargsText: string | null;
  /** The moments as Python writes them. */
  readonly etaText: string | null;
  readonly expiresText: string | null;
  readonly ignoresResult: boolean;
  readonly replyTo: string | null;
  /** 0 to 9; on Redis the lower is served first. */
  readonly priority: number;
  readonly routingKey: string | null;
  readonly isRedelivered: boolean;
  readonly embed: Embed;
  /** Headers that Celery does not know: kept on a retry and for children. */
  readonly customHeaders: JsonObject;
}

/** A message that cannot be run, with whatever could be read of it. */
export interface BadMessage {
  /** MESSAGE_MALFORMED, MESSAGE_REFUSED or MESSAGE_INVALID */
  readonly error: AppError;
  readonly id: string | null;
  readonly task: string | null;
  /** Null: they cannot be read. */
  readonly call: ReadCall | null;
}

/** Longer ids do not fit an index of PostgreSQL. */
const maxIdChars = 1_000;

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
    throw invalid(
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
  if (!isObject(body)) throw invalid('it names no task: no header "task", and its body is no object');
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
  if (!isUsableText(task)) throw invalid('it names no task');
  if (!isUsableText(id)) throw invalid('it has no id, or one that cannot be stored');
  if (!Array.isArray(args)) throw invalid('its args are no list');
  if (kwargs !== null && !isObject(kwargs)) throw invalid('its kwargs are no object');
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

function signaturesOf(value: unknown): Signature[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw invalid('its links are no list');
  return value.map(toSignature);
}

/** A signature as JSON has it. @throws AppError MESSAGE_INVALID */
export function toSignature(value: unknown): Signature {
  if (!isObject(value) || typeof value.task !== 'string') throw invalid('one of its links is no signature');
  return {
    task: value.task,
    args: Array.isArray(value.args) ? value.args : [],
    kwargs: isObject(value.kwargs) ? value.kwargs : {},
    options: isObject(value.options) ? value.options : {},
    subtaskType: textOf(value.subtask_type),
    isImmutable: value.immutable === true,
  };
}

/** The signature as it stands in a message. */
export function fromSignature(signature: Signature): JsonObject {
  const { task, args, kwargs, options, subtaskType, isImmutable } = signature;
  return { task, args, kwargs, options, subtask_type: subtaskType, immutable: isImmutable };
}

export interface TaskToSend {
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: JsonObject;
  /** Name of the list. */
  readonly queue: string;
  readonly priority?: number;
  readonly etaMs?: number | null;
  readonly expiresAtMs?: number | null;
  readonly retries?: number;
  readonly hardLimitSeconds?: number | null;
  readonly softLimitSeconds?: number | null;
  readonly rootId?: string | null;
  readonly parentId?: string | null;
  readonly groupId?: string | null;
  readonly groupIndex?: number | null;
  readonly ignoresResult?: boolean;
  readonly replyTo?: string | null;
  readonly embed?: Partial<Embed>;
  readonly headers?: JsonObject;
  /** `<pid>@<host>` of the sender. */
  readonly origin: string;
}

/** A protocol 2 message as Python sends it, and the key of the list it is pushed to. */
export function encodeTaskMessage(task: TaskToSend): { readonly key: string; readonly raw: string } {
  const { id, args, kwargs, queue, embed, priority = 0 } = task;
  const headers = {
    lang: 'py',
    task: task.task,
    id,
    shadow: null,
    eta: momentText(task.etaMs),
    expires: momentText(task.expiresAtMs),
    group: task.groupId ?? null,
    group_index: task.groupIndex ?? null,
    retries: task.retries ?? 0,
    timelimit: [task.hardLimitSeconds ?? null, task.softLimitSeconds ?? null],
    root_id: task.rootId ?? id,
    parent_id: task.parentId ?? null,
    argsrepr: tupleRepr(args),
    kwargsrepr: safeRepr(kwargs),
    origin: task.origin,
    ignore_result: task.ignoresResult ?? false,
    ...task.headers,
  };
  const properties = {
    correlation_id: id,
    reply_to: task.replyTo ?? '',
    delivery_mode: 2,
    delivery_info: { exchange: '', routing_key: queue },
    priority,
    delivery_tag: randomUUID(),
  };
  const list = (signatures: readonly Signature[] | undefined) =>
    signatures && signatures.length > 0 ? signatures.map(fromSignature) : null;
  const wire = {
    callbacks: list(embed?.callbacks),
    errbacks: list(embed?.errbacks),
    chain: embed?.chain ? embed.chain.map(fromSignature).toReversed() : null,
    chord: embed?.chord ? fromSignature(embed.chord) : null,
  };
  return {
    key: listKey(queue, priority),
    raw: encodeEnvelope({ body: [args, kwargs, wire], headers, properties }),
  };
}

/** Celery's four steps; a lower number is served first. */
export const prioritySteps = [0, 3, 6, 9] as const;
const separator = '\x06\x16';

/** The list of a queue that holds messages of this priority, 0 to 9. */
export function listKey(queue: string, priority: number): string {
  const step = prioritySteps.findLast((each) => each <= priority) ?? 0;
  return step === 0 ? queue : `${queue}${separator}${step}`;
}

/** Queue and priority step of a list's key. */
export function splitListKey(key: string): { readonly queue: string; readonly priority: number } {
  const [queue = key, step] = key.split(separator);
  return { queue, priority: prioritySteps.find((each) => String(each) === step) ?? 0 };
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

/** ISO 8601 to the second or finer; what names no zone means UTC. */
const momentPattern =
  /^(?!0000)(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

function momentOf(value: unknown, name: string): number | null {
  if (value === null || value === undefined || value === '') return null;
  const [, day, time = '00:00', fraction = '0', zone = 'Z'] = momentPattern.exec(String(value)) ?? [];
  const colonZone = zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const ms = Date.parse(
    `${day}T${time.length === 5 ? `${time}:00` : time}.${fraction.padEnd(3, '0').slice(0, 3)}${colonZone}`,
  );
  if (Number.isNaN(ms)) throw invalid(`its ${name} is no date and time`);
  return ms;
}

function momentText(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString().replace('Z', '000+00:00');
}

/** `isoformat()` of what was sent: as it is where Python sent it. */
function momentTextOf(value: unknown, name: string): string | null {
  if (typeof value === 'string' && /^[\d-]{10}T[\d:]{8}(\.\d{6})?[+-]\d\d:\d\d$/.test(value)) return value;
  return momentText(momentOf(value, name))?.replace('.000000', '') ?? null;
}

/** A number means seconds; Celery writes moments only. */
function expiresOf(value: unknown): TaskMessage['expires'] {
  if (typeof value === 'number') return { inSeconds: value };
  const atMs = momentOf(value, 'expires');
  return atMs === null ? null : { atMs };
}

function limitOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

function wholeNumber(value: unknown, least: number): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= 2_147_483_647
    ? value
    : null;
}

function textOf(value: unknown): string | null {
  return isUsableText(value) ? value : null;
}

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
function isUsableText(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= maxIdChars && !/\0/.test(value) && isWellFormed(value)
  );
}

/** Celery itself shows no more than 1,024 characters. */
function shownText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 2_048) : null;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

function invalid(reason: string): AppError {
  return new AppError('MESSAGE_INVALID', `The message is no task that can be run: ${reason}. Look at its sender.`);
}
