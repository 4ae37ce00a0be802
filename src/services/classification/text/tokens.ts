/** Splits a transcript into words with their offsets and the breaks between them, in one pass. */
import type { Word } from '../matching/word.ts';
import { isCapital, isCurrency, isDash, isWord, space } from './characters.ts';
import type { Lexicon } from './lexicon.ts';

/** Properties of a word's surroundings as bit flags: a text has thousands of tokens, and small objects are cheaper to allocate. */
const around = { colon: 1, percent: 2, currency: 4, capital: 8, line: 16, dash: 32, data: 64 } as const;

export class Token {
  readonly start: number;
  readonly end: number;
  readonly word: Word;
  /** What separates it from the word before. */
  brk: 'none' | 'clause' | 'sentence';
  /** Index of its sentence. */
  sentence = 0;
  /** Index of the first token of its clause. */
  clauseStart = 0;
  /** Index of the last token of the nearest negation that applies to it, or -1. */
  negator = -1;
  hedge = -1;
  private readonly flags: number;

  constructor(start: number, end: number, word: Word, brk: Token['brk'], flags: number) {
    this.start = start;
    this.end = end;
    this.word = word;
    this.brk = brk;
    this.flags = flags;
  }

  /** Whether a colon follows directly, as after a speaker's name. */
  get colonAfter(): boolean {
    return (this.flags & around.colon) !== 0;
  }

  get percentAfter(): boolean {
    return (this.flags & around.percent) !== 0;
  }

  get currencyBefore(): boolean {
    return (this.flags & around.currency) !== 0;
  }

  get isCapitalised(): boolean {
    return (this.flags & around.capital) !== 0;
  }

  /** First word of a line. */
  get beginsLine(): boolean {
    return (this.flags & around.line) !== 0;
  }

  get dashBefore(): boolean {
    return (this.flags & around.dash) !== 0;
  }

  /** Inside braces, angle brackets or a code fence: pasted data, not speech. */
  get isQuotedData(): boolean {
    return (this.flags & around.data) !== 0;
  }
}

export interface Segment {
  readonly start: number;
  readonly end: number;
}

const newline = 0x0a;
const colon = 0x3a;
const closingParenthesis = 0x29;
const openingBracket = 0x5b;
const percent = 0x25;
const point = 0x2e;
const hyphen = 0x2d;
const sentenceEnds = codesOf('!?…。？！');
const clauseEnds = codesOf(',;:()]—–«»"“”');
const sentenceBegins = codesOf('¿¡');

function codesOf(chars: string): ReadonlySet<number> {
  return new Set([...chars].map((char) => char.charCodeAt(0)));
}

/** Appends the tokens of one segment of a text; offsets count from the start of the text. */
export function tokenize(text: string, segment: Segment, lexicon: Lexicon, tokens: Token[]): void {
  const limit = segment.end;
  let at = segment.start;
  let gap = at;
  let depth = 0;
  let previous: Token | undefined;
  let lastClose: Record<0x7b | 0x3c, number> | undefined;
  while (at < limit) {
    const code = text.charCodeAt(at);
    if (!isWord(code)) {
      if (code === 0x7b || code === 0x3c) {
        // An opening bracket without a closing one quotes nothing: otherwise the rest of the text would count as data.
        lastClose ??= { 123: text.lastIndexOf('}', limit - 1), 60: text.lastIndexOf('>', limit - 1) };
        if (lastClose[code] > at) depth += 1;
      } else if ((code === 0x7d || code === 0x3e) && depth > 0) depth -= 1;
      at += 1;
      continue;
    }
    const start = at;
    const word = lexicon.wordAt(text, start, limit);
    at += word.length;
    const isOneSpace = start - gap === 1 && text.charCodeAt(gap) === space;
    let brk: Token['brk'] = 'sentence';
    if (previous?.isQuotedData === depth > 0) brk = isOneSpace ? 'none' : readBreak(text, gap, start, previous.word);
    if (brk === 'none' && word.beginsClause) brk = 'clause';
    let flags = lookAround(text, start, at);
    if (previous === undefined || (!isOneSpace && hasNewline(text, gap, start))) flags |= around.line;
    if (depth > 0) flags |= around.data;
    previous = new Token(start, at, word, brk, flags);
    tokens.push(previous);
    gap = at;
  }
}

function lookAround(text: string, start: number, end: number): number {
  const next = text.charCodeAt(end);
  // "Ana (Vambe): …" is a speaker too.
  const after = next === space || next === closingParenthesis ? text.charCodeAt(end + 1) : next;
  const before = text.charCodeAt(start - 1);
  let flags = 0;
  if (after === colon) flags |= around.colon;
  else if (after === percent) flags |= around.percent;
  if (isCurrency(before)) flags |= around.currency;
  if (isCapital(text.charCodeAt(start))) flags |= around.capital;
  // A dash that is the first character of the text does not start a list item.
  if (start > 1 && isDash(before === space ? text.charCodeAt(start - 2) : before)) flags |= around.dash;
  return flags;
}

function hasNewline(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) === newline) return true;
  return false;
}

function readBreak(text: string, from: number, to: number, before: Word): Token['brk'] {
  let brk: Token['brk'] = 'none';
  let newlines = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === space) continue;
    if (code === newline) newlines += 1;
    else if (code === point) {
      const isEllipsis = text.charCodeAt(at + 1) === point || text.charCodeAt(at - 1) === point;
      if (isEllipsis) brk = brk === 'sentence' ? brk : 'clause';
      else if (!before.isAbbreviation && at + 1 < to) return 'sentence';
    } else if (sentenceEnds.has(code)) return 'sentence';
    else if (clauseEnds.has(code) || (code === hyphen && text.charCodeAt(at - 1) === space)) brk = 'clause';
    else if (sentenceBegins.has(code)) brk = 'sentence';
  }
  if (newlines > 1) return 'sentence';
  if (newlines === 1) {
    // A wrapped line continues in lower case.
    const opensTurn = opensItem(text.charCodeAt(to - 1)) || opensItem(text.charCodeAt(to - 2));
    if (opensTurn || isCapital(text.charCodeAt(to)) || brk === 'sentence') return 'sentence';
  }
  return brk;
}

function opensItem(code: number): boolean {
  return isDash(code) || code === openingBracket;
}
