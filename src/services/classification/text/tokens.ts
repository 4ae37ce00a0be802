/** Cuts a transcript into words with their offsets, sentences and clauses, in one pass. */

import type { Word } from '../matching/word.ts';
import { isCapital, isCurrency, isDash, isWord, space } from './characters.ts';
import type { Lexicon } from './lexicon.ts';

/** What stands around a word, a bit each: a text has thousands of words, and small ones are quicker to make and to forget. */
const around = { colon: 1, percent: 2, currency: 4, capital: 8, line: 16, dash: 32, data: 64 } as const;

export class Token {
  readonly start: number;
  readonly end: number;
  readonly word: Word;
  /** What separates it from the word before. */
  brk: 'none' | 'clause' | 'sentence';
  /** Number of its sentence, from 0. */
  sentence = 0;
  /** Index of the first token of its clause. */
  clauseStart = 0;
  /** Index of the last word of the nearest negation that reaches it, or -1. */
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

  /** Whether a colon follows at once, as after a speaker's name. */
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

  /** Inside braces, angle brackets or a code fence: data somebody pasted, not speech. */
  get isQuotedData(): boolean {
    return (this.flags & around.data) !== 0;
  }
}

export interface Sentence {
  readonly first: number;
  /** Index of the last token. */
  last: number;
  isQuestion: boolean;
  /** 100 counts, less counts less, 0 is no evidence, -100 was denied. Whole numbers, or V8 would keep two kinds of sentences. */
  trustPercent: number;
  /** Index of its turn, or -1. */
  turn: number;
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

/** Tokens of one segment of the text, appended to `tokens`; offsets count from the text's beginning. */
export function tokenize(text: string, segment: Segment, lexicon: Lexicon, tokens: Token[]): void {
  const read = lexicon.readCodes(text, segment.start, segment.end);
  const { codes, offset } = read;
  const limit = segment.end - offset;
  let at = segment.start - offset;
  let gap = at;
  let depth = 0;
  let previous: Token | undefined;
  let lastClose: Record<0x7b | 0x3c, number> | undefined;
  while (at < limit) {
    const code = codes[at] ?? 0;
    if (!isWord(code)) {
      if (code === 0x7b || code === 0x3c) {
        // Whatever is never closed quotes nothing: it would swallow the rest of the text.
        lastClose ??= { 123: text.lastIndexOf('}', segment.end - 1), 60: text.lastIndexOf('>', segment.end - 1) };
        if (lastClose[code] > at + offset) depth += 1;
      } else if ((code === 0x7d || code === 0x3e) && depth > 0) depth -= 1;
      at += 1;
      continue;
    }
    const start = at;
    const word = lexicon.look(read, start, limit);
    at += word.length;
    const isOneSpace = start - gap === 1 && codes[gap] === space;
    let brk: Token['brk'] = 'sentence';
    if (previous?.isQuotedData === depth > 0) brk = isOneSpace ? 'none' : readBreak(codes, gap, start, previous.word);
    if (brk === 'none' && word.beginsClause) brk = 'clause';
    let flags = lookAround(codes, start, at, start + offset > 1);
    if (previous === undefined || (!isOneSpace && hasNewline(codes, gap, start))) flags |= around.line;
    if (depth > 0) flags |= around.data;
    previous = new Token(start + offset, at + offset, word, brk, flags);
    tokens.push(previous);
    gap = at;
  }
}

/** `hasTwoBefore`: whether two characters of the text stand before; a dash that opens the text opens no item of a list. */
function lookAround(codes: Uint16Array, start: number, end: number, hasTwoBefore: boolean): number {
  const next = codes[end] ?? 0;
  // "Ana (Vambe): …" is a speaker too.
  const after = next === space || next === closingParenthesis ? (codes[end + 1] ?? 0) : next;
  const before = codes[start - 1] ?? 0;
  let flags = 0;
  if (after === colon) flags |= around.colon;
  else if (after === percent) flags |= around.percent;
  if (isCurrency(before)) flags |= around.currency;
  if (isCapital(codes[start] ?? 0)) flags |= around.capital;
  if (hasTwoBefore && isDash(before === space ? (codes[start - 2] ?? 0) : before)) flags |= around.dash;
  return flags;
}

function hasNewline(codes: Uint16Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (codes[at] === newline) return true;
  return false;
}

function readBreak(codes: Uint16Array, from: number, to: number, before: Word): Token['brk'] {
  let brk: Token['brk'] = 'none';
  let newlines = 0;
  for (let at = from; at < to; at += 1) {
    const code = codes[at] ?? 0;
    if (code === space) continue;
    if (code === newline) newlines += 1;
    else if (code === point) {
      const isEllipsis = codes[at + 1] === point || codes[at - 1] === point;
      if (isEllipsis) brk = brk === 'sentence' ? brk : 'clause';
      else if (!before.isAbbreviation && at + 1 < to) return 'sentence';
    } else if (sentenceEnds.has(code)) return 'sentence';
    else if (clauseEnds.has(code) || (code === hyphen && codes[at - 1] === space)) brk = 'clause';
    else if (sentenceBegins.has(code)) brk = 'sentence';
  }
  if (newlines > 1) return 'sentence';
  if (newlines === 1) {
    // A line that merely wraps goes on in lower case.
    const opensTurn = opensItem(codes[to - 1] ?? 0) || opensItem(codes[to - 2] ?? 0);
    if (opensTurn || isCapital(codes[to] ?? 0) || brk === 'sentence') return 'sentence';
  }
  return brk;
}

function opensItem(code: number): boolean {
  return isDash(code) || code === openingBracket;
}

/** Numbers the sentences and says which are questions; `brk` must be final. */
export function findSentences(text: string, tokens: readonly Token[]): Sentence[] {
  const sentences: Sentence[] = [];
  tokens.forEach((token, index) => {
    const current = sentences.at(-1);
    if (token.brk === 'sentence' || current === undefined) {
      if (current !== undefined) current.isQuestion = isAsked(text, tokens, index - 1, token.start);
      sentences.push({ first: index, last: index, isQuestion: false, trustPercent: 100, turn: -1 });
    } else {
      current.last = index;
    }
    token.sentence = sentences.length - 1;
  });
  const final = sentences.at(-1);
  if (final !== undefined) final.isQuestion = isAsked(text, tokens, final.last, text.length);
  return sentences;
}

function isAsked(text: string, tokens: readonly Token[], last: number, limit: number): boolean {
  const end = tokens[last]?.end ?? limit;
  const stop = Math.min(limit, end + 6);
  for (let at = end; at < stop; at += 1) if (text.charCodeAt(at) === 0x3f) return true;
  return false;
}
