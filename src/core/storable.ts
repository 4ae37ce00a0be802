/** What PostgreSQL can hold as text or jsonb: anything but NUL and half of a surrogate pair. */

const unstorableCharacters = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** JSON.stringify writes both as escapes; an escaped backslash before `u` is a backslash of the text itself. */
const unstorableEscape = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/** The first `maxChars` characters of the text, unstorable ones replaced: for messages of errors, which must always be stored. */
export function storableText(text: string, maxChars: number): string {
  return text.slice(0, maxChars).replace(unstorableCharacters, '\ufffd');
}

/** Why a value cannot be stored as JSON, as text; undefined where it can. */
export function whyNotStorable(value: unknown): string | undefined {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? 'no JSON') : 'no JSON';
  }
  return json !== undefined && unstorableEscape.test(json) ? 'it holds a NUL or half of a surrogate pair' : undefined;
}
