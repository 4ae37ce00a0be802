/** Parses JSON into nodes that know where their text is. */

export type JsonNode =
  | { readonly kind: 'object'; readonly entries: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string; readonly from: number; readonly to: number }
  | { readonly kind: 'number'; readonly value: number; readonly isDecimal: boolean }
  | { readonly kind: 'other' };

const maxDepth = 40;
const blanks = /[\s\ufeff]*/y;
const string = /"(?:[^"\\]|\\.)*"/y;
const scalar = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Keys in lower case; `from` and `to` of a string lie between its quotes. null: not JSON, or nested too deeply. */
export function parseJsonNodes(text: string): JsonNode | null {
  const cursor = { text, at: 0 };
  try {
    return readNode(cursor, 0);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

interface Cursor {
  readonly text: string;
  at: number;
}

function readNode(cursor: Cursor, depth: number): JsonNode {
  if (depth > maxDepth) throw new SyntaxError('nested too deeply');
  take(cursor, blanks);
  const char = cursor.text.charAt(cursor.at);
  if (char === '{') return readObject(cursor, depth);
  if (char === '[') return readArray(cursor, depth);
  if (char === '"') return readString(cursor);
  const written = take(cursor, scalar);
  if (written === undefined || written === '') throw new SyntaxError('no value');
  const value = Number(written);
  return Number.isNaN(value) ? { kind: 'other' } : { kind: 'number', value, isDecimal: written.includes('.') };
}

function readObject(cursor: Cursor, depth: number): JsonNode {
  const entries = new Map<string, JsonNode>();
  cursor.at += 1;
  while (!endsAt(cursor, '}')) {
    const key = readString(cursor);
    take(cursor, blanks);
    if (cursor.text.charAt(cursor.at) !== ':') throw new SyntaxError('no colon');
    cursor.at += 1;
    entries.set(key.value.toLowerCase(), readNode(cursor, depth + 1));
  }
  return { kind: 'object', entries };
}

function readArray(cursor: Cursor, depth: number): JsonNode {
  const items: JsonNode[] = [];
  cursor.at += 1;
  while (!endsAt(cursor, ']')) items.push(readNode(cursor, depth + 1));
  return { kind: 'array', items };
}

/** Skips commas; true at the closing character, which it takes. */
function endsAt(cursor: Cursor, closer: string): boolean {
  take(cursor, blanks);
  if (cursor.text.charAt(cursor.at) === ',') {
    cursor.at += 1;
    take(cursor, blanks);
  }
  if (cursor.at >= cursor.text.length) throw new SyntaxError('cut');
  if (cursor.text.charAt(cursor.at) !== closer) return false;
  cursor.at += 1;
  return true;
}

function readString(cursor: Cursor): Extract<JsonNode, { kind: 'string' }> {
  const from = cursor.at + 1;
  const written = take(cursor, string);
  if (written === undefined) throw new SyntaxError('no string');
  const value: unknown = written.includes('\\') ? JSON.parse(written) : written.slice(1, -1);
  return { kind: 'string', value: String(value), from, to: cursor.at - 1 };
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const [found] = pattern.exec(cursor.text) ?? [];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

/** Not an id or a number. */
export function isPlainText(value: string): boolean {
  return /\p{L}/u.test(value);
}
