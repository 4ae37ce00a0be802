/** Masks e-mail addresses, phone, card and ID numbers with placeholders that can be turned back. */

export interface Redactor {
  /** The text with placeholders; the same value gets the same one in every text. */
  hide(text: string): string;
  /** The text with the values back in their place. */
  show(text: string): string;
}

type Kind = 'EMAIL' | 'PHONE' | 'CARD' | 'ID';

/** Leaves every text as it is. */
export const noRedactor: Redactor = { hide: (text) => text, show: (text) => text };

/** A redactor for the texts of one call; hidden in the same order, they get the same placeholders. */
export function createRedactor(texts: readonly string[]): Redactor {
  // Words that look like a placeholder stand for themselves.
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
      return withoutMail.replace(numberLike, (found, offset: number) => {
        const kind = kindOfNumber(found, withoutMail.slice(Math.max(0, offset - 3), offset));
        return kind === undefined ? found : placeholderOf(kind, found);
      });
    },
    show: (text) => text.replace(placeholderLike, (found) => values.get(found) ?? found),
  };
}

const placeholderLike = /\[(?:EMAIL|PHONE|CARD|ID)_\d+\]/g;
/** Digits that belong together, whatever stands between them; a RUT may end in K. Bounded, so that no text makes it slow. */
const numberLike = /(?<![\p{L}\p{N}_]|\d[.,])\+?\(?\d(?:[ .\-()/\u00a0]{0,2}\d){5,24}(?:-?[kK])?(?![\p{L}\p{N}_])/gu;

const amount = /^\d{1,3}(?:[.\u00a0 ]\d{3})+$/;
const amounts = /^\d{1,3}(?:\.\d{3})+(?:[-/ ]{1,2}\d{1,3}(?:\.\d{3})+)*$/;
const date = /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?: \d{1,2})?$/;
const years = /^(?:19|20)\d\d[-/ ]{1,2}(?:19|20)\d\d$/;

function kindOfNumber(found: string, before: string): Kind | undefined {
  if (isRut(found)) return 'ID';
  const digits = found.replace(/\D/g, '');
  if (/[kK]$/.test(found)) return undefined;
  if (digits.length >= 13 && digits.length <= 19 && hasLuhnDigit(digits)) return 'CARD';
  if (found.startsWith('+')) return digits.length >= 7 ? 'PHONE' : undefined;
  if (/[$€£]\s?$/.test(before) || amounts.test(found) || date.test(found) || years.test(found)) return undefined;
  if (amount.test(found) && digits.length < 9) return undefined;
  if (digits.length > 15) return 'ID';
  return digits.length >= 8 ? 'PHONE' : undefined;
}

/** A Chilean RUT, with or without points and dash, whose check digit (modulo 11, weights 2 to 7 from the right) is right. */
export function isRut(text: string): boolean {
  const match = /^(\d{1,2}\.\d{3}\.\d{3}|\d{7,8})-?([\dkK])$/.exec(text);
  if (!match) return false;
  const body = (match[1] ?? '').replaceAll('.', '');
  let sum = 0;
  for (let at = body.length - 1, weight = 2; at >= 0; at -= 1, weight = weight === 7 ? 2 : weight + 1) {
    sum += Number(body[at]) * weight;
  }
  const expected = 11 - (sum % 11);
  const digit = expected === 11 ? '0' : expected === 10 ? 'K' : String(expected);
  return digit === (match[2] ?? '').toUpperCase();
}

/** The check of payment cards, ISO/IEC 7812-1 annex B. */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, doubled = false; at >= 0; at -= 1, doubled = !doubled) {
    const digit = Number(digits[at]) * (doubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

const mailLocal = /[\p{L}\p{N}._%+-]/u;
const mailHost = /^(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/u;
const maxLocalChars = 64;
const maxHostChars = 255;

/** From each @ outward: one pattern for the whole would be slow on long runs of letters. */
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
