/** What is known of each word: how it moves in the matcher, its number, its language. */
import { foldWord } from '../../../models/cue-pattern.ts';
import type { TaxonomyFile } from '../../../models/taxonomy-file.ts';
import { type Meaning, traits, Word } from '../matching/word.ts';
import { createWordTable, hashOn } from '../matching/word-table.ts';
import type { MoveTable } from '../matching/word-transitions.ts';
import { isWord, joinsWord } from './characters.ts';
import { type CodeReader, createCodeReader, type SegmentCodes } from './segment-codes.ts';

export interface Lexicon {
  readonly languageIds: readonly string[];
  /** What languages words may belong to: one bit for each of the grammar, in its order; the first is of words of none. */
  readonly languageSets: readonly number[];
  /** The codes in which `look` is to be asked. */
  readonly readCodes: CodeReader;
  /** The word that begins at an index of a segment's codes and ends at a limit at the latest. */
  look(segment: SegmentCodes, from: number, limit: number): Word;
}

/** What is longer is no word, and not remembered: a text without spaces would be kept whole. */
const longestKept = 64;
const digits = /^\d[\d.,]*(?:k|m)?$/;

/** Builds the word memory of a taxonomy. */
export function createLexicon(file: TaxonomyFile, readMoves: MoveTable['read']): Lexicon {
  const { grammar } = file;
  const words = createWordTable();
  const numbers = foldKeys(grammar.numbers.words);
  const multipliers = foldKeys(grammar.numbers.multipliers);
  const joiners = foldAll(grammar.numbers.joiners);
  const breaks = foldAll(grammar.breaks);
  const abbreviations = foldAll(grammar.abbreviations);
  const languageIds = Object.keys(grammar.languages);
  const languageBits = readLanguageBits(grammar.languages);
  const languageSets = [...new Set([0, ...languageBits.values()])];

  const understand = (spelling: string): Meaning => {
    const folded = foldWord(spelling);
    const multiplier = multipliers.get(folded) ?? null;
    const value = digits.test(folded) ? readDigits(folded) : (numbers.get(folded) ?? null);
    const isJoiner = joiners.has(folded);
    return {
      traits:
        (isJoiner ? traits.joiner : 0) |
        (breaks.has(folded) ? traits.clauseBreak : 0) |
        (abbreviations.has(folded) ? traits.abbreviation : 0),
      moves: readMoves(folded, value !== null || multiplier !== null, isJoiner),
      languageSet: languageSets.indexOf(languageBits.get(folded) ?? 0),
      value,
      multiplier,
      folded,
    };
  };

  return {
    languageIds,
    languageSets,
    readCodes: createCodeReader(),
    look({ text, codes, offset }, from, limit) {
      let hash = 0;
      let end = from;
      do {
        hash = hashOn(hash, codes[end] ?? 0);
        end += 1;
      } while (end < limit && (isWord(codes[end] ?? 0) || joinsWord(codes, end, limit)));
      const length = end - from;
      const known = words.find(hash, codes, from, length);
      if (known !== undefined) return known;
      const slice = text.slice(offset + from, offset + end);
      if (length > longestKept) return new Word(understand(slice), { hash, length, spellingAt: 0 });
      // The slice would keep the whole transcript alive; a rebuilt string does not.
      return words.add(understand(slice.split('').join('')), hash, codes.subarray(from, end));
    },
  };
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
