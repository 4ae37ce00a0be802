/** Reads the numbers of a text, in digits and in words. */
import type { Token } from './tokens.ts';

export interface NumberSpan {
  readonly first: number;
  readonly last: number;
  readonly value: number;
}

/** Each sequence of number words is one number: "dos mil quinientos" is 2,500. Percentages and prices are left out. */
export function findNumbers(tokens: readonly Token[]): NumberSpan[] {
  const spans: NumberSpan[] = [];
  let at = 0;
  while (at < tokens.length) {
    const word = tokens[at]?.word;
    if (word === undefined || (word.value === null && word.multiplier === null)) {
      at += 1;
      continue;
    }
    const last = endOfNumber(tokens, at);
    const first = tokens[at];
    const isAmount = first?.currencyBefore === true || tokens[last]?.percentAfter === true;
    if (!isAmount) spans.push({ first: at, last, value: addUp(tokens, at, last) });
    at = last + 1;
  }
  return spans;
}

function isNumeric(token: Token | undefined): boolean {
  return token !== undefined && (token.word.value !== null || token.word.multiplier !== null);
}

function isDigits(token: Token | undefined): boolean {
  return token !== undefined && token.word.value !== null && token.word.folded.charCodeAt(0) <= 0x39;
}

function endOfNumber(tokens: readonly Token[], first: number): number {
  let last = first;
  for (;;) {
    const next = tokens[last + 1];
    const isJoined = next?.word.isJoiner === true && next.brk === 'none' && !isDigits(tokens[last]);
    const step = isJoined ? last + 2 : last + 1;
    const candidate = tokens[step];
    if (!isNumeric(candidate) || candidate === undefined || candidate.brk !== 'none') return last;
    if (isDigits(candidate)) return last;
    // "12 cien" or "tres cuatro" are two numbers; "12 mil" and "ciento veinte" are one.
    const value = candidate.word.value ?? 0;
    const before = tokens[last]?.word.value ?? Number.POSITIVE_INFINITY;
    if (candidate.word.multiplier === null && (isDigits(tokens[last]) || value >= before)) return last;
    last = step;
  }
}

function addUp(tokens: readonly Token[], first: number, last: number): number {
  let total = 0;
  let part = 0;
  for (let at = first; at <= last; at += 1) {
    const word = tokens[at]?.word;
    if (word === undefined) continue;
    if (word.multiplier !== null) {
      const product = (part === 0 ? 1 : part) * word.multiplier;
      if (word.multiplier >= 1000) {
        total += product;
        part = 0;
      } else {
        part = product;
      }
    } else if (word.value !== null) {
      part += word.value;
    }
  }
  return total + part;
}
