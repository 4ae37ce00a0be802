/** When two answers are the same answer. */

/**
 * A text that is equal exactly where two values of a field are the same answer: lists without order, an empty list as null, a quantity
 * by its count, period and approximation.
 */
export function answerKey(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'null' : JSON.stringify(value.map(foldItem).sort());
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(Object.fromEntries(entries));
  }
  return JSON.stringify(value);
}

function foldItem(item: unknown): unknown {
  return typeof item === 'string' ? item.toLowerCase() : item;
}

/** The answer in a form for tables: `null`, a value, or a list in brackets. */
export function describeAnswer(value: unknown): string {
  const key = answerKey(value);
  return key.startsWith('"') ? key.slice(1, -1) : key;
}
