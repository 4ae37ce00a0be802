/** Makes the fields of a log line safe and small: no secrets, no private texts, no object graphs, at most a given size. */
import { maskSecrets } from './mask.ts';

/** An error's text in a log line or a job row. */
const maxTextBytes = 1024;
/** Longer text is cut before it is searched for secrets; far more than is kept, so that no secret is cut in two. */
const maxSearchedChars = 8192;
const maxDepth = 4;
const maxItems = 20;
const maxFields = 40;

/** Fields that pino writes itself: a second key of that name would make the line ambiguous. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'event', '__proto__']);
const secretName = /password|passwd|secret|api_?key|authorization|cookie|credential|^token$|_token$|Token$/i;
const privateName = /^(transcript|prompt|seller_?prompt|reply|quotes?)$/i;

/** Plain, masked and cut copies of `fields` that together take at most `maxBytes` as JSON; what does not fit says so. */
export function safeFields(fields: Readonly<Record<string, unknown>>, maxBytes: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  let leftBytes = maxBytes;
  for (const [name, value] of Object.entries(fields).slice(0, maxFields)) {
    const key = reserved.has(name) ? `${name}_` : name.slice(0, 100);
    const plain = plainOf(name, value, 0);
    if (plain === undefined) continue;
    const [fitting, bytes] = squeeze(plain, leftBytes - jsonBytes(key) - 2);
    if (fitting === undefined) continue;
    safe[key] = fitting;
    leftBytes -= bytes + jsonBytes(key) + 2;
  }
  return safe;
}

/** What a log may tell of an error: never its cause or properties, as a provider's error carries the prompt. */
function safeError(error: Error): { code: string; message: string } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // Node reports a host of several addresses as an AggregateError without a message of its own.
  const [first] = error instanceof AggregateError ? error.errors : [];
  const message = error.message || (first instanceof Error ? first.message : '');
  return { code: String(code).slice(0, 100), message: safeText(String(message)) };
}

function plainOf(name: string, value: unknown, depth: number): unknown {
  if (typeof value === 'string') return plainText(name, value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return undefined;
  if (value instanceof Error) return safeError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= maxDepth) return '…';
  if (Array.isArray(value)) return plainList(name, value, depth);
  const prototype: object | null = Object.getPrototypeOf(value);
  // A client, a socket or a request drags half of the process along.
  if (prototype !== null && prototype !== Object.prototype) return `[${className(prototype)}]`;
  return plainObject(value, depth);
}

function plainText(name: string, value: string): string {
  if (secretName.test(name)) return '***';
  if (privateName.test(name)) return `[${value.length} characters]`;
  return safeText(value);
}

function safeText(text: string): string {
  return cut(maskSecrets(text.slice(0, maxSearchedChars)), maxTextBytes);
}

function plainList(name: string, list: readonly unknown[], depth: number): unknown[] {
  const items = list.slice(0, maxItems).map((each) => plainOf(name, each, depth + 1) ?? null);
  return list.length > maxItems ? [...items, `… ${list.length - maxItems} more`] : items;
}

function plainObject(value: object, depth: number): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value)).slice(0, maxFields)) {
    // A getter is code, and code may throw.
    if (!('value' in descriptor) || !descriptor.enumerable || name === '__proto__') continue;
    const each = plainOf(name, descriptor.value, depth + 1);
    if (each !== undefined) plain[name.slice(0, 100)] = each;
  }
  return plain;
}

function className(prototype: object): string {
  const named: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof named === 'function' && named.name !== '' ? named.name : 'object';
}

function squeeze(value: unknown, maxBytes: number): [unknown, number] {
  const bytes = jsonBytes(value);
  if (bytes <= maxBytes) return [value, bytes];
  const note = `[${bytes} bytes]`;
  return jsonBytes(note) <= maxBytes ? [note, jsonBytes(note)] : [undefined, 0];
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** At most `maxBytes` of UTF-8, never half a character. */
function cut(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const kept = Buffer.from(text)
    .subarray(0, maxBytes - 3)
    .toString();
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}
