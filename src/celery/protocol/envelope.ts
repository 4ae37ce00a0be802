/** The kombu envelope of a list element or channel message: headers, properties and one decoded JSON body. Pure. docs/celery-protocol.md */
import { inflateSync } from 'node:zlib';
import { AppError } from '../../core/errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Envelope {
  readonly headers: JsonObject;
  readonly properties: JsonObject;
  /** Decoded; tagged types of kombu 5.3 and later (uuid, datetime, decimal …) are the texts that kombu 5.2 writes for them. */
  readonly body: unknown;
}

/** A classification message has less than a kilobyte; Redis itself would take 512 MiB. */
export const maxMessageBytes = 4 * 1024 * 1024;
/** PostgreSQL and JSON.stringify both recurse into what they store. */
const maxDepth = 100;

/**
 * Decodes one element of a list, or one message of a channel.
 * @throws AppError MESSAGE_MALFORMED (not JSON, bad base64 or compression, too large), MESSAGE_REFUSED (pickle, yaml and
 * other content types, bz2), MESSAGE_INVALID (nested too deep, a number beyond a double); `details.headers` where readable
 */
export function decodeEnvelope(raw: string): Envelope {
  // A text has at least as many bytes in UTF-8 as it has UTF-16 units, so the cheap check comes first.
  if (raw.length > maxMessageBytes || Buffer.byteLength(raw) > maxMessageBytes) {
    throw malformed(`it is larger than ${maxMessageBytes / 1024 / 1024} MiB`);
  }
  const outer = parseJson(raw, 'it is not JSON');
  if (!isObject(outer)) throw malformed('it is not a JSON object');
  const headers = isObject(outer.headers) ? outer.headers : {};
  const properties = isObject(outer.properties) ? outer.properties : {};
  try {
    checkPlain(headers, 0);
    checkPlain(properties, 0);
    return { headers, properties, body: decodeBody(outer, headers, properties) };
  } catch (error) {
    // The headers may name id and task although the body is bad, and the rejection needs them.
    throw error instanceof AppError
      ? new AppError(error.code, error.message, { cause: error.cause, details: { ...error.details, headers } })
      : malformed('it cannot be decoded', error);
  }
}

function decodeBody(outer: JsonObject, headers: JsonObject, properties: JsonObject): unknown {
  const contentType = outer['content-type'] ?? 'application/json';
  if (contentType !== 'application/json') {
    throw new AppError(
      'MESSAGE_REFUSED',
      `The message has content type ${shown(contentType)}; only application/json is read. Set task_serializer = "json".`,
    );
  }
  const text = bodyText(outer.body, headers.compression, properties.body_encoding);
  const body = parseJson(text, 'its body is not JSON');
  checkPlain(body, 0);
  return text.includes('__type__') ? untag(body) : body;
}

/** `body_encoding` decides, not content-encoding, which celery-ts sets to `base64` when it compresses. */
function bodyText(body: unknown, compression: unknown, encoding: unknown): string {
  if (typeof body !== 'string') throw malformed(`its body is ${describe(body)}, not a text`);
  const isCompressed = compression !== undefined && compression !== null && compression !== '';
  if (encoding !== 'base64' && !isCompressed) {
    // Without `body_encoding` kombu assumes base64; JSON text begins with a character that base64 does not have.
    return encoding === undefined && !/^\s*[[{"]/.test(body) ? fromBase64(body).toString('utf8') : body;
  }
  const bytes = fromBase64(body);
  return (isCompressed ? inflate(bytes, compression) : bytes).toString('utf8');
}

/** Buffer.from skips invalid characters, so a damaged body would decode to something else; it is refused here. */
function fromBase64(text: string): Buffer {
  const compact = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) throw malformed('its body is not base64');
  return Buffer.from(compact, 'base64');
}

/** kombu's "gzip" and "zlib" are both RFC 1950, under the gzip name. */
function inflate(bytes: Buffer, compression: unknown): Buffer {
  if (compression !== 'application/x-gzip' && compression !== 'gzip' && compression !== 'zlib') {
    throw new AppError(
      'MESSAGE_REFUSED',
      `The message is compressed as ${shown(compression)}; only gzip and zlib are read. Set task_compression = "gzip".`,
    );
  }
  try {
    return inflateSync(bytes, { maxOutputLength: maxMessageBytes });
  } catch (error) {
    throw malformed(`its body cannot be decompressed, or is larger than ${maxMessageBytes / 1024 / 1024} MiB`, error);
  }
}

/** Refuses values that cannot be stored, or sent on unchanged. */
function checkPlain(value: unknown, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new AppError(
      'MESSAGE_INVALID',
      'The message holds a number beyond the range of a double. Send it as a text.',
    );
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= maxDepth) {
    throw new AppError(
      'MESSAGE_INVALID',
      `The message is nested more than ${maxDepth} levels deep. Send flatter data.`,
    );
  }
  for (const each of Object.values(value)) checkPlain(each, depth + 1);
}

/** kombu 5.3 and later tag types that JSON does not have; kombu 5.2 sends the inner text without a tag. */
function untag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untag);
  if (!isObject(value)) return value;
  const { __type__: type, __value__: inner } = value;
  if (typeof type === 'string' && '__value__' in value && Object.keys(value).length === 2) return untagged(type, inner);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, untag(each)]));
}

function untagged(type: string, inner: unknown): unknown {
  if (type === 'uuid' && isObject(inner) && typeof inner.hex === 'string' && /^[0-9a-f]{32}$/i.test(inner.hex)) {
    return inner.hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toLowerCase();
  }
  return untag(inner);
}

export interface EnvelopeToSend {
  readonly body: unknown;
  readonly headers: JsonObject;
  readonly properties: JsonObject;
}

/** The text of an envelope as Python writes it: JSON body in base64. `body_encoding` is set here. */
export function encodeEnvelope({ body, headers, properties }: EnvelopeToSend): string {
  return JSON.stringify({
    body: Buffer.from(JSON.stringify(body)).toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers,
    properties: { ...properties, body_encoding: 'base64' },
  });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string, otherwise: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    throw malformed(otherwise, error);
  }
}

/** JSON, and Python's `NaN` and `Infinity` (in the answer to `inspect conf`, say), which become null. @throws SyntaxError */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(
      text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) => (part.startsWith('"') ? part : 'null')),
    );
  }
}

function malformed(reason: string, cause?: unknown): AppError {
  return new AppError(
    'MESSAGE_MALFORMED',
    `The message cannot be read: ${reason}. Look at its sender; "vambe jobs" shows what was received.`,
    { cause },
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return value === undefined ? 'missing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** A value of the sender for an error message: its text, cut short. */
function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 60)}"` : describe(value);
}
