/** What is known of each word: how it moves in the matcher, its number, its language. */
import { foldWord } from '../../../models/cue-pattern.ts';
import type { TaxonomyFile } from '../../../models/taxonomy-file.ts';
import { type CodeReader, createCodeReader, type SegmentCodes } from './segment-codes.ts';
import type { MoveTable } from './word-moves.ts';

export interface Word {
  /** As it stands in the text, by which it is known again. */
  readonly spelling: string;
  readonly folded: string;
  /** Where its moves begin in the matcher's table of them. */
  readonly moves: number;
  readonly value: number | null;
  /** "mil", "hundred": multiplies the number before it. */
  readonly multiplier: number | null;
  /** "y", "and" inside a number. */
  readonly isJoiner: boolean;
  readonly beginsClause: boolean;
  readonly isAbbreviation: boolean;
  /** One bit for each language of the grammar, in its order. */
  readonly languages: number;
}

export interface Lexicon {
  readonly languageIds: readonly string[];
  /** The codes in which `look` is to be asked. */
  readonly readCodes: CodeReader;
  /** The word between two indexes of a segment's codes. */
  look(segment: SegmentCodes, from: number, to: number): Word;
}

/** More distinct spellings than this are no language; the memory of them is dropped and begun anew. */
const maxWordsKept = 30_000;
/** What is longer is no word, and not remembered: a text without spaces would be kept whole. */
const longestKept = 64;
/** Places for words met of late, a power of two; half and twice as many were no faster (bench/cases/classifier.ts). */
const recentPlaces = 16_384;
const digits = /^\d[\d.,]*(?:k|m)?$/;

/** Builds the word memory of a taxonomy. */
export function createLexicon(file: TaxonomyFile, readMoves: MoveTable['read']): Lexicon {
  const { grammar } = file;
  const kept = new Map<string, Word>();
  const recent = new Array<Word | undefined>(recentPlaces).fill(undefined);
  const numbers = foldKeys(grammar.numbers.words);
  const multipliers = foldKeys(grammar.numbers.multipliers);
  const joiners = foldAll(grammar.numbers.joiners);
  const breaks = foldAll(grammar.breaks);
  const abbreviations = foldAll(grammar.abbreviations);
  const readCodes = createCodeReader();
  const languageIds = Object.keys(grammar.languages);
  const languageBits = readLanguageBits(grammar.languages);

  const describe = (spelling: string): Word => {
    const folded = foldWord(spelling);
    const multiplier = multipliers.get(folded) ?? null;
    const value = digits.test(folded) ? readDigits(folded) : (numbers.get(folded) ?? null);
    const isJoiner = joiners.has(folded);
    return {
      spelling,
      folded,
      moves: readMoves(folded, value !== null || multiplier !== null, isJoiner),
      value,
      multiplier,
      isJoiner,
      beginsClause: breaks.has(folded),
      isAbbreviation: abbreviations.has(folded),
      languages: languageBits.get(folded) ?? 0,
    };
  };

  const find = (raw: string): Word => {
    const known = kept.get(raw);
    if (known !== undefined) return known;
    if (kept.size >= maxWordsKept) {
      kept.clear();
      recent.fill(undefined);
    }
    // A slice of a transcript would keep the whole transcript alive; a rebuilt string does not.
    const word = describe(raw.split('').join(''));
    kept.set(word.spelling, word);
    return word;
  };

  /**
   * Most words were met of late, and to know one again takes less than to cut it out and look it up. Two words share two places, so
   * that two of one hash do not drive each other out.
   */
  const look = ({ text, codes, offset }: SegmentCodes, from: number, to: number): Word => {
    const start = offset + from;
    const length = to - from;
    if (length > longestKept) return describe(text.slice(start, start + length));
    const place = placeOf(codes, from, to);
    const met = recent[place];
    if (met?.spelling.length === length && text.startsWith(met.spelling, start)) return met;
    const other = recent[place ^ 1];
    if (other?.spelling.length === length && text.startsWith(other.spelling, start)) return other;
    const word = find(text.slice(start, start + length));
    recent[place ^ 1] = met;
    recent[place] = word;
    return word;
  };

  return { languageIds, readCodes, look };
}

function placeOf(codes: Uint16Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (codes[at] ?? 0)) | 0;
  return (hash ^ (hash >>> 15)) & (recentPlaces - 1);
}

function readLanguageBits(languages: TaxonomyFile['grammar']['languages']): Map<string, number> {
  const bits = new Map<string, number>();
  Object.values(languages).forEach((words, index) => {
    for (const word of words) {
      const folded = foldWord(word);
      bits.set(folded, (bits.get(folded) ?? 0) | (1 << index));
    }
  });
  return bits;
}

function foldKeys(table: Readonly<Record<string, number>>): Map<string, number> {
  return new Map(Object.entries(table).map(([word, value]) => [foldWord(word), value]));
}

function foldAll(words: readonly string[]): Set<string> {
  return new Set(words.map(foldWord));
}

/** "1.200", "1,200" and "1200" are one number, "1.5" and "1,5" another; "2k" is two thousand. */
function readDigits(text: string): number {
  const unit = text.endsWith('k') ? 1_000 : text.endsWith('m') ? 1_000_000 : 1;
  const body = unit === 1 ? text : text.slice(0, -1);
  const isGrouped = /^\d{1,3}([.,]\d{3})+$/.test(body) && !body.startsWith('0');
  const plain = isGrouped ? body.replace(/[.,]/g, '') : body.replace(/[.,](?=[^.,]*[.,])/g, '').replace(',', '.');
  return Number.parseFloat(plain) * unit;
}
