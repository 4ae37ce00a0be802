/**
 * Finds phone, card and ID numbers by grouping, length, first digits, check digits, and the word before them. Any other number is taken
 * as an amount, a count or a date. docs/privacy.md lists the rules.
 */

export type NumberKind = 'PHONE' | 'CARD' | 'ID';

interface Shape {
  readonly kind: NumberKind;
  readonly pattern: RegExp;
  /** A further test of a match; unset: none. */
  is?(found: string, before: string): boolean;
}

/** Matches whole numbers only: no letter, digit or decimal directly before or after. Patterns are bounded, so no text makes them slow. */
function whole(pattern: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_]|\\d[.,])(?:${pattern})(?![\\p{L}\\p{N}_]|[.,-]\\d)`, 'giu');
}

/** A space, no-break space or dash between groups. */
const gap = '[ \\u00a0-]';
const any = '\\d(?:[ .\\-()/\\u00a0]{0,2}\\d){5,24}(?:-?[kK])?';

const shapes: readonly Shape[] = [
  {
    kind: 'CARD',
    pattern: whole(`[2-6]\\d{3}(?:${gap}?\\d{4}){2}${gap}?\\d{1,7}|3\\d{3}${gap}?\\d{6}${gap}?\\d{4,5}`),
    is: isCard,
  },
  // Chile, with dash or dots; without both only the word before identifies it.
  {
    kind: 'ID',
    pattern: whole('(?:\\d{1,2}\\.\\d{3}\\.\\d{3}|\\d{7,8})-[\\dk]|\\d{1,2}\\.\\d{3}\\.\\d{3}k'),
    is: (found) => isRut(found),
  },
  { kind: 'ID', pattern: whole('\\d{8}[- ]?[a-z]'), is: isDni },
  { kind: 'ID', pattern: whole('[xyz][- ]?\\d{7}[- ]?[a-z]'), is: isDni },
  { kind: 'ID', pattern: whole('(?:20|2[347]|3[034])-?\\d{8}-?\\d'), is: isCuit },
  { kind: 'ID', pattern: whole('\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}') },
  { kind: 'ID', pattern: whole('[a-z]{4}\\d{6}[hm][a-z]{5}[a-z\\d]\\d') },
  { kind: 'ID', pattern: whole('(?!000|666|9)\\d{3}-\\d{2}-\\d{4}') },
  { kind: 'ID', pattern: whole(any), is: (found, before) => countDigits(found) >= 6 && idWord.test(before) },
  { kind: 'PHONE', pattern: whole('(?:\\+|00)[ ]?[1-9](?:[ .\\-()/\\u00a0]{0,2}\\d){6,14}') },
  { kind: 'PHONE', pattern: whole(`\\(0?\\d{1,4}\\)${gap}?\\d{3,4}${gap}?\\d{3,4}`) },
  // North America: separators; area code and exchange start with 2 to 9.
  { kind: 'PHONE', pattern: whole('(?:1[ .-])?[2-9]\\d{2}([ .-])[2-9]\\d{2}\\1\\d{4}'), is: isNoAmount },
  // Mexico and Argentina: an area code of two or three digits, then four and four.
  {
    kind: 'PHONE',
    pattern: whole(`\\d{2,3}${gap}\\d{4}${gap}\\d{4}`),
    is: (found, before) => isNoAmount(found, before) && !hasYears(found),
  },
  // Chile and Peru: nine digits that start with 9; Chilean landlines start with 2.
  {
    kind: 'PHONE',
    pattern: whole(`9${gap}?\\d{4}${gap}?\\d{4}|9\\d{2}${gap}\\d{3}${gap}\\d{3}|2${gap}2\\d{3}${gap}\\d{4}`),
    is: isNoAmount,
  },
  // Spain: nine digits that start with 6 to 9.
  {
    kind: 'PHONE',
    pattern: whole(
      `[6-9]\\d{2}(?:${gap}\\d{3}){2}|[6-9]\\d{2}(?:${gap}\\d{2}){3}|[67]\\d{8}|[89]\\d${gap}\\d{3}(?:${gap}\\d{2}){2}`,
    ),
    is: isNoAmount,
  },
  // Colombia: ten digits that start with 3; elsewhere ten digits in a row.
  { kind: 'PHONE', pattern: whole(`3\\d{2}${gap}\\d{3}${gap}\\d{2}${gap}?\\d{2}|[2-9]\\d{9}`), is: isNoAmount },
  // The United Kingdom.
  { kind: 'PHONE', pattern: whole(`0\\d{2,4}${gap}?\\d{3,4}${gap}?\\d{3,4}`) },
  // A country code without the plus sign.
  { kind: 'PHONE', pattern: whole('(?:5[1-9]|34|44|1)[2-9]\\d{8,9}'), is: isNoAmount },
  { kind: 'PHONE', pattern: whole(any), is: isCalledPhone },
];

/** `hide` returns the replacement of a number. */
export function hidePersonalNumbers(text: string, hide: (kind: NumberKind, value: string) => string): string {
  if (!/\d{2}/.test(text)) return text;
  let hidden = text;
  for (const { kind, pattern, is } of shapes) {
    const current = hidden;
    hidden = current.replace(pattern, (found: string, ...more: unknown[]) => {
      const offset = more.find((each): each is number => typeof each === 'number') ?? 0;
      const before = current.slice(Math.max(0, offset - wordsBefore), offset);
      return is === undefined || is(found, before) ? hide(kind, found) : found;
    });
  }
  return hidden;
}

/** Characters before a number that are searched for such a word. */
const wordsBefore = 30;
const idWord =
  /(?:^|[^\p{L}])(?:rut|run|r\.u\.t\.?|dni|nie|nif|cuit|cuil|curp|rfc|nit|cpf|ssn|c[ée]dula|pasaporte|passport|social security)[^\p{L}\d]{0,3}(?:(?:n[úu]mero|number|no|nro|n|es|is|de|del?|:)[^\p{L}\d]{0,3}){0,3}$/iu;
const phoneWord =
  /(?:^|[^\p{L}])(?:tel|tel[ée]fono|fono|celular|cel|m[óo]vil|whatsapp|wsp|phone|mobile|cell|ll[áa]ma(?:me|r|nos)?|marca|call|dial)(?![\p{L}])[^\d]{0,18}$/iu;
const amount = /^\d{1,3}(?:[.\u00a0 ]\d{3})+(?:[-/ ]{1,2}\d{1,3}(?:[.\u00a0 ]\d{3})+)*$/;
const date = /^(?:\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4})(?: \d{1,2})*$/;
const money = /(?:[$€£]|usd|clp|mxn|eur|pesos|d[óo]lares|euros)\s?$/iu;

function countDigits(text: string): number {
  return text.replace(/\D/g, '').length;
}

function hasYears(found: string): boolean {
  return (found.match(/\b(?:19|20)\d\d\b/g) ?? []).length > 1;
}

/** Round numbers and numbers after a currency are amounts, in any grouping. */
function isNoAmount(found: string, before: string): boolean {
  return !/(?:00|[ .-]\d?00)$/.test(found) && !/0{4,}$/.test(found) && !money.test(before);
}

/** Any grouping, if the word before says that it is a phone number. */
function isCalledPhone(found: string, before: string): boolean {
  const digits = countDigits(found);
  if (digits < 7 || digits > 15 || !phoneWord.test(before)) return false;
  return !amount.test(found) && !date.test(found) && !hasYears(found);
}

function isCard(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  return digits.length >= 13 && digits.length <= 19 && hasLuhnDigit(digits);
}

/** A Chilean RUT, with or without dots and dash, with a valid check digit (modulo 11, weights 2 to 7 from the right). */
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

/** Spain's DNI and NIE: the letter encodes the number modulo 23. */
function isDni(found: string): boolean {
  const bare = found.replace(/[- ]/g, '').toUpperCase();
  const number = Number(bare.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(number % 23) === bare.at(-1);
}

/** Argentina's CUIT: modulo 11. */
function isCuit(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  const sum = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2].reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
  return (11 - (sum % 11)) % 11 === Number(digits[10]);
}

/** The Luhn check of payment cards, ISO/IEC 7812-1 annex B. */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, doubled = false; at >= 0; at -= 1, doubled = !doubled) {
    const digit = Number(digits[at]) * (doubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
