/** Values as Python's repr() shows them, for argsrepr, kwargsrepr and events. Pure. */

/** celery's own limit for what it shows of arguments. */
const maxChars = 1_024;

/** @returns text such as `{'a': None, 'b': [1, 2.5, True]}`, cut to 1,024 characters */
export function pythonRepr(value: unknown): string {
  return cut(repr(value));
}

/** Positional arguments as a tuple: `()`, `('a',)`, `(1, 2)`. */
export function tupleRepr(values: readonly unknown[]): string {
  return cut(`(${values.map(repr).join(', ')}${values.length === 1 ? ',' : ''})`);
}

function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return textRepr(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value !== 'object') return textRepr(String(value));
  return `{${Object.entries(value)
    .map(([key, each]) => `${textRepr(key)}: ${repr(each)}`)
    .join(', ')}}`;
}

/** Single quotes, unless only they occur inside. */
function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped}${quote}`;
}

function cut(text: string): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 3)}...`;
}
