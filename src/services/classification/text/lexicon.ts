/** What is known about each word: its transitions in the matcher, its number, its languages. */
import { foldWord } from '../../../models/cue-pattern.ts';
import type { TaxonomyFile } from '../../../models/taxonomy-file.ts';
import type { Matcher } from '../matching/matcher.ts';
import { type Meaning, traits, Word } from '../matching/word.ts';
import { addToHash, createWordTable } from '../matching/word-table.ts';
import { isWord, joinsWord } from './characters.ts';

export interface Lexicon {
  readonly languageIds: readonly string[];
  /** Sets of languages that words can belong to, as bit masks in the grammar's order; the first one is the empty set. */
  readonly languageSets: readonly number[];
  /** The word that starts at an index of a text; it ends at `limit` at the latest. */
  wordAt(text: string, from: number, limit: number): Word;
}

/** Anything longer is no word of a language and is not kept: a text without spaces would be kept whole. */
const maxKeptChars = 64;
const digits = /^\d[\d.,]*(?:k|m)?$/;

/** `vocabulary`: the words, folded, that have fitted weights. */
export function createLexicon(
  { grammar }: TaxonomyFile,
  transitionsOf: Matcher['transitionsOf'],
  vocabulary: readonly string[] = [],
): Lexicon {
  const words = createWordTable();
  const languageBits = readLanguageBits(grammar.languages);
  const indexes = new Map(vocabulary.map((word, index) => [word, index]));
  const languageSets = [...new Set([0, ...languageBits.values()])];
  const meaningOf = createMeaningReader({ grammar, transitionsOf, languageBits, languageSets, indexes });
  return {
    languageIds: Object.keys(grammar.languages),
    languageSets,
    wordAt(text, from, limit) {
      let hash = 0;
      let end = from;
      let code = text.charCodeAt(end);
      do {
        hash = addToHash(hash, code);
        end += 1;
        code = text.charCodeAt(end);
      } while (end < limit && (isWord(code) || joinsWord(text, end, limit)));
      const length = end - from;
      const known = words.find(hash, text, from, length);
      if (known !== undefined) return known;
      const slice = text.slice(from, end);
      if (length > maxKeptChars) return new Word(meaningOf(slice), { hash, length, spellingAt: 0 });
      // A slice keeps its whole transcript in memory; a joined string does not.
      const spelling = slice.split('').join('');
      return words.add(meaningOf(spelling), hash, spelling);
    },
  };
}

interface MeaningSources {
  readonly grammar: TaxonomyFile['grammar'];
  readonly transitionsOf: Matcher['transitionsOf'];
  readonly languageBits: ReadonlyMap<string, number>;
  readonly languageSets: readonly number[];
  readonly indexes: ReadonlyMap<string, number>;
}

function createMeaningReader({ grammar, ...sources }: MeaningSources): (spelling: string) => Meaning {
  const { transitionsOf, languageBits, languageSets, indexes } = sources;
  const numbers = foldKeys(grammar.numbers.words);
  const multipliers = foldKeys(grammar.numbers.multipliers);
  const joiners = foldAll(grammar.numbers.joiners);
  const breaks = foldAll(grammar.breaks);
  const abbreviations = foldAll(grammar.abbreviations);
  return (spelling) => {
    const folded = foldWord(spelling);
    const multiplier = multipliers.get(folded) ?? null;
    const value = digits.test(folded) ? readDigits(folded) : (numbers.get(folded) ?? null);
    const isJoiner = joiners.has(folded);
    return {
      traits:
        (isJoiner ? traits.joiner : 0) |
        (breaks.has(folded) ? traits.clauseBreak : 0) |
        (abbreviations.has(folded) ? traits.abbreviation : 0),
      transitions: transitionsOf(folded, value !== null || multiplier !== null, isJoiner),
      languageSet: languageSets.indexOf(languageBits.get(folded) ?? 0),
      vocabulary: indexes.get(folded) ?? -1,
      value,
      multiplier,
      folded,
    };
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

/** "1.200", "1,200" and "1200" are the same number, as are "1.5" and "1,5"; "2k" is two thousand. */
function readDigits(text: string): number {
  const unit = text.endsWith('k') ? 1_000 : text.endsWith('m') ? 1_000_000 : 1;
  const body = unit === 1 ? text : text.slice(0, -1);
  const isGrouped = /^\d{1,3}([.,]\d{3})+$/.test(body) && !body.startsWith('0');
  const plain = isGrouped ? body.replace(/[.,]/g, '') : body.replace(/[.,](?=[^.,]*[.,])/g, '').replace(',', '.');
  return Number.parseFloat(plain) * unit;
}
