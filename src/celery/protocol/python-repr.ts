/**
 * Values as Python shows them. Pure. Two ways, as in Celery: `repr()` for exceptions and errors, and Celery's own `saferepr` for
 * arguments and results, which is bounded in length and depth and escapes less.
 */

/** Celery's own limits for what it shows of arguments and results: `saferepr(…, maxlen=1024, maxlevels=3)`. */
const maxChars = 1_024;
const maxLevels = 3;

/** Python's repr(), cut to 1,024 characters: `{'a': None, 'b': [1, 2.5, True]}`. */
export function pythonRepr(value: unknown): string {
  return cut(repr(value));
}

/** Celery's saferepr of a value: what lies deeper than three levels is `{...}` or `[...]`. */
export function safeRepr(value: unknown): string {
  return bounded(tokensOf(value, 0));
}

/** The same of positional arguments, as a tuple: `()`, `('a',)`, `(1, 2)`. */
export function tupleRepr(values: readonly unknown[]): string {
  return bounded(sequence(values, ['(', values.length === 1 ? ',)' : ')'], 0));
}

function repr(value: unknown): string {
  if (typeof value === 'string') return textRepr(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return plainRepr(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${textRepr(key)}: ${repr(each)}`)
    .join(', ')}}`;
}

function plainRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  return typeof value === 'number' ? numberRepr(value) : textRepr(String(value));
}

/** Python writes 1e-05 where JavaScript writes 0.00001. A whole number may have been 1.0: JSON does not tell. */
function numberRepr(value: number): string {
  const isTiny = value !== 0 && Math.abs(value) < 1e-4;
  return (isTiny ? value.toExponential() : String(value)).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Single quotes, unless only they occur inside; what cannot be seen is escaped. */
function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`)
    .replace(/(?! )[\p{C}\p{Z}]/gu, escapeSign);
  return `${quote}${escaped}${quote}`;
}

function escapeSign(sign: string): string {
  const hex = (sign.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function cut(text: string): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 3)}...`;
}

interface Token {
  readonly text: string;
  /** A text value, which is cut where little room is left and then quoted. */
  readonly isText?: boolean;
  /** A closing sign is written even when no room is left. */
  readonly closes?: boolean;
}

function* tokensOf(value: unknown, level: number): Generator<Token> {
  if (typeof value === 'string') yield { text: value, isText: true };
  else if (Array.isArray(value)) {
    if (level >= maxLevels) yield { text: '[...]' };
    else yield* sequence(value, ['[', ']'], level);
  } else if (typeof value !== 'object' || value === null) yield { text: plainRepr(value) };
  else if (level >= maxLevels) yield { text: '{...}' };
  else {
    yield { text: '{' };
    for (const [at, [key, each]] of Object.entries(value).entries()) {
      if (at > 0) yield { text: ', ' };
      yield { text: safeQuoted(key) };
      yield { text: ': ' };
      yield* tokensOf(each, level + 1);
    }
    yield { text: '}', closes: true };
  }
}

function* sequence(
  values: readonly unknown[],
  [start, end]: readonly [string, string],
  level: number,
): Generator<Token> {
  yield { text: start };
  for (const [at, each] of values.entries()) {
    if (at > 0) yield { text: ', ' };
    yield* tokensOf(each, level + 1);
  }
  yield { text: end, closes: true };
}

function safeQuoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}

/** Python cuts a text at the last space before the room ends. */
function shortened(text: string, room: number): string {
  if (text.length < room) return text;
  const kept = text.slice(0, room);
  const space = kept.lastIndexOf(' ');
  return `${space < 0 ? kept : kept.slice(0, space)}...`;
}

/** Leaves out what does not fit, except for the signs that close what was opened. */
function bounded(tokens: Iterable<Token>): string {
  let shown = '';
  let room = maxChars;
  let hasEnded = false;
  let unopened = 0;
  for (const { text, isText = false, closes = false } of tokens) {
    if (!hasEnded && room <= 0) {
      hasEnded = true;
      shown += ', ...';
    }
    if (hasEnded) {
      // A pair that begins after the end is left out, both signs.
      if (closes && unopened === 0) shown += text;
      else if (closes) unopened -= 1;
      else if (!isText && /^[[({]$/.test(text)) unopened += 1;
      continue;
    }
    const written = isText ? safeQuoted(shortened(text, room)) : text;
    shown += written;
    room -= written.length;
  }
  return shown;
}
