/** Cuts a transcript into words with their offsets, sentences and clauses, in one pass. */
import type { Lexicon, Word } from './lexicon.ts';

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
  /** 1 counts, between 0 and 1 counts less, 0 is no evidence, -1 was denied. */
  trust: number;
  /** Index of its turn, or -1. */
  turn: number;
}

export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** Characters below 0x250, by code: letters, digits, `&` and `_` make words. */
const isWordCode = tabulate((char) => /[\p{L}\p{N}&_]/u.test(char));
const isUpperCode = tabulate((char) => char !== char.toLowerCase());
const otherWord = /[\p{L}\p{N}\p{M}]/u;
const apostrophes = new Set([0x27, 0x2019, 0x2018, 0xb4, 0x60]);

const newline = 0x0a;
const space = 0x20;
const colon = 0x3a;
const closingParenthesis = 0x29;
const percent = 0x25;
const sentenceEnds = new Set(['.', '!', '?', '…', '。', '？', '！']);
const clauseEnds = new Set([',', ';', ':', '(', ')', ']', '—', '–', '«', '»', '"', '“', '”']);

function tabulate(test: (char: string) => boolean): Uint8Array {
  return Uint8Array.from({ length: 0x250 }, (_each, code) => (test(String.fromCharCode(code)) ? 1 : 0));
}

function isWordAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < isWordCode.length
    ? isWordCode[code] === 1
    : otherWord.test(text.charAt(at)) || (code >= 0xd800 && code <= 0xdfff);
}

function isUpperAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < isUpperCode.length) return isUpperCode[code] === 1;
  const char = text.charAt(at);
  return char !== char.toLowerCase();
}

function isCurrency(code: number): boolean {
  return code === 0x24 || code === 0x20ac || code === 0xa3;
}

/** What opens an item of a list or a turn: - – — • * */
function isDash(code: number): boolean {
  return code === 0x2d || code === 0x2013 || code === 0x2014 || code === 0x2022 || code === 0x2a;
}

/** Tokens of one stretch of the text, appended to `tokens`; offsets count from the text's beginning. */
export function tokenize(text: string, segment: Segment, lexicon: Lexicon, tokens: Token[]): void {
  let at = segment.start;
  let gap = segment.start;
  let depth = 0;
  let lastClose: Record<0x7b | 0x3c, number> | undefined;
  while (at < segment.end) {
    if (!isWordAt(text, at)) {
      const code = text.charCodeAt(at);
      if (code === 0x7b || code === 0x3c) {
        // Whatever is never closed quotes nothing: it would swallow the rest of the text.
        lastClose ??= { 123: text.lastIndexOf('}', segment.end - 1), 60: text.lastIndexOf('>', segment.end - 1) };
        if (lastClose[code] > at) depth += 1;
      } else if ((code === 0x7d || code === 0x3e) && depth > 0) depth -= 1;
      at += 1;
      continue;
    }
    const start = at;
    at = endOfWord(text, start, segment.end);
    const word = lexicon.look(text.slice(start, at));
    const previous = tokens[tokens.length - 1];
    const isFirst = previous === undefined || gap === segment.start;
    const isParted = isFirst || previous.isQuotedData !== depth > 0;
    const brk = isParted ? 'sentence' : readBreak(text, gap, start, previous.word);
    const flags =
      lookAround(text, start, at) |
      (isFirst || hasNewline(text, gap, start) ? around.line : 0) |
      (depth > 0 ? around.data : 0);
    tokens.push(new Token(start, at, word, brk === 'none' && word.beginsClause ? 'clause' : brk, flags));
    gap = at;
  }
}

function lookAround(text: string, start: number, end: number): number {
  const next = text.charCodeAt(end);
  // "Ana (Vambe): …" is a speaker too.
  const after = next === space || next === closingParenthesis ? text.charCodeAt(end + 1) : next;
  const before = start > 0 ? text.charCodeAt(start - 1) : space;
  let flags = 0;
  if (after === colon) flags |= around.colon;
  else if (after === percent) flags |= around.percent;
  if (isCurrency(before)) flags |= around.currency;
  if (isUpperAt(text, start)) flags |= around.capital;
  if (start > 1 && isDash(before === space ? text.charCodeAt(start - 2) : before)) flags |= around.dash;
  return flags;
}

/** A point or comma between digits and an apostrophe between letters belong to the word. */
function endOfWord(text: string, start: number, limit: number): number {
  let at = start + 1;
  while (at < limit) {
    if (isWordAt(text, at)) {
      at += 1;
      continue;
    }
    const code = text.charCodeAt(at);
    const joins =
      at + 1 < limit &&
      ((apostrophes.has(code) && isWordAt(text, at + 1)) ||
        ((code === 0x2e || code === 0x2c) && isDigit(text, at - 1) && isDigit(text, at + 1)));
    if (!joins) break;
    at += 2;
  }
  return at;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function hasNewline(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) === newline) return true;
  return false;
}

function readBreak(text: string, from: number, to: number, before: Word): Token['brk'] {
  if (to - from === 1 && text.charCodeAt(from) === space) return 'none';
  let brk: Token['brk'] = 'none';
  let newlines = 0;
  for (let at = from; at < to; at += 1) {
    const char = text.charAt(at);
    if (char === '\n') newlines += 1;
    else if (char === '.' && (text.charAt(at + 1) === '.' || text.charAt(at - 1) === '.'))
      brk = brk === 'sentence' ? brk : 'clause';
    else if (char === '.' && before.isAbbreviation) continue;
    else if (char === '.' && at + 1 === to) continue;
    else if (sentenceEnds.has(char)) return 'sentence';
    else if (clauseEnds.has(char)) brk = 'clause';
    else if (char === '-' && text.charAt(at - 1) === ' ') brk = 'clause';
    else if (char === '¿' || char === '¡') brk = 'sentence';
  }
  if (newlines > 1) return 'sentence';
  if (newlines === 1) {
    // A line that merely wraps goes on in lower case.
    const next = text.charAt(to);
    const opensTurn = '-–—•*['.includes(text.charAt(to - 1)) || '-–—•*['.includes(text.charAt(to - 2));
    if (opensTurn || next !== next.toLowerCase() || brk === 'sentence') return 'sentence';
  }
  return brk;
}

/** Numbers the sentences and says which are questions; `brk` must be final. */
export function findSentences(text: string, tokens: readonly Token[]): Sentence[] {
  const sentences: Sentence[] = [];
  tokens.forEach((token, index) => {
    const current = sentences.at(-1);
    if (token.brk === 'sentence' || current === undefined) {
      if (current !== undefined) current.isQuestion = isAsked(text, tokens, index - 1, token.start);
      sentences.push({ first: index, last: index, isQuestion: false, trust: 1, turn: -1 });
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
