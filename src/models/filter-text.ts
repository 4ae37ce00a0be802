/** Takes the text of a filter apart: terms of a name, a sign and a value, separated by spaces. */

export interface TextTerm {
  readonly key: string;
  readonly operator: string;
  /** As written; quotes may hold spaces and commas. */
  readonly value: string;
}

const termPattern = /^([a-z_]+)(!=|<=|>=|=|<|>)((?:"[^"]*"|[^\s"])+)(?:\s+|$)/i;

/** The terms, with keys in lower case; `rest` is the part that is none, where there is one. */
export function splitTerms(text: string): { readonly terms: readonly TextTerm[]; readonly rest: string } {
  const terms: TextTerm[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const [whole = '', key = '', operator = '', value = ''] = termPattern.exec(rest) ?? [];
    if (whole === '') break;
    terms.push({ key: key.toLowerCase(), operator, value });
    rest = rest.slice(whole.length);
  }
  return { terms, rest };
}

/** `a,"b, c"` is two values; an empty one is a missing value beside a comma. */
export function splitValues(value: string): string[] {
  return (value.match(/(?:"[^"]*"|[^,"])+|,(?=,|$)|^,/g) ?? []).map((each) => (each === ',' ? '' : unquoted(each)));
}

export function unquoted(value: string): string {
  return value.replaceAll('"', '');
}

/** The first word of a text that is no term, and the name that it begins with. */
export function wordAtFault(rest: string): {
  readonly word: string;
  readonly key: string;
  readonly isOpenQuote: boolean;
} {
  const [word = rest] = rest.split(/\s/);
  const key = /^[a-z_]+/i.exec(word)?.[0] ?? '';
  return { word, key, isOpenQuote: (word.match(/"/g)?.length ?? 0) % 2 === 1 };
}
