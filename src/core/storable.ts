/** What PostgreSQL can hold as text or jsonb: anything but NUL and half of a surrogate pair. */

const unstorableCharacters = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** JSON.stringify writes both as escapes; an escaped backslash before `u` is a backslash that somebody wrote. */
const unstorableEscape = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/** The first `maxChars` characters of the text, unstorable ones replaced: for words about a fault, which must always be kept. */
export function storableText(text: string, maxChars: number): string {
  return text.slice(0, maxChars).replace(unstorableCharacters, '\ufffd');
}

/** What keeps a value from being stored as JSON, in words; undefined when nothing does. */
export function whyNotStorable(value: unknown): string | undefined {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? 'no JSON') : 'no JSON';
  }
  return json !== undefined && unstorableEscape.test(json) ? 'it holds a NUL or half of a surrogate pair' : undefined;
}
