/** Replaces e-mail addresses, phone, card and ID numbers by placeholders, and restores them. */
import { hidePersonalNumbers, type NumberKind } from './personal-numbers.ts';

export interface Redactor {
  /** The text with placeholders; the same value gets the same one in every text. */
  hide(text: string): string;
  /** The text with the values restored. */
  show(text: string): string;
}

type Kind = 'EMAIL' | NumberKind;

/** Changes nothing. */
export const noRedactor: Redactor = { hide: (text) => text, show: (text) => text };

/** A redactor for one call. `texts`: all texts of the call, so that no placeholder occurs in them already. */
export function createRedactor(texts: readonly string[]): Redactor {
  // Text that looks like a placeholder must not be restored to another value.
  const taken = new Set(texts.flatMap((text) => text.match(placeholderLike) ?? []));
  const placeholders = new Map<string, string>();
  const values = new Map<string, string>();
  const counts: Record<Kind, number> = { EMAIL: 0, PHONE: 0, CARD: 0, ID: 0 };
  const placeholderOf = (kind: Kind, value: string): string => {
    const known = placeholders.get(value);
    if (known !== undefined) return known;
    let placeholder: string;
    do {
      counts[kind] += 1;
      placeholder = `[${kind}_${counts[kind]}]`;
    } while (taken.has(placeholder));
    placeholders.set(value, placeholder);
    values.set(placeholder, value);
    return placeholder;
  };
  return {
    hide(text) {
      const withoutMail = hideMails(text, (value) => placeholderOf('EMAIL', value));
      return hidePersonalNumbers(withoutMail, placeholderOf);
    },
    show: (text) => text.replace(placeholderLike, (found) => values.get(found) ?? found),
  };
}

const placeholderLike = /\[(?:EMAIL|PHONE|CARD|ID)_\d+\]/g;
const mailLocal = /[\p{L}\p{N}._%+-]/u;
const mailHost = /^(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/u;
const maxLocalChars = 64;
const maxHostChars = 255;

/** Searches outward from each @: one regular expression would be slow on long runs of letters. */
function hideMails(text: string, hide: (value: string) => string): string {
  let result = '';
  let done = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > done && at - start < maxLocalChars && mailLocal.test(text.charAt(start - 1))) start -= 1;
    const host = mailHost.exec(text.slice(at + 1, at + 1 + maxHostChars))?.[0];
    if (start === at || host === undefined) continue;
    const end = at + 1 + host.length;
    result += text.slice(done, start) + hide(text.slice(start, end));
    done = end;
  }
  return result + text.slice(done);
}
