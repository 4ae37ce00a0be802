/** What is known of each word: how it moves in the matcher, its number, its language. */
import { foldWord } from '../../../models/cue-pattern.ts';
import type { TaxonomyFile } from '../../../models/taxonomy-file.ts';
import type { MoveReader, WordMoves } from './word-moves.ts';

export interface Word {
  readonly folded: string;
  readonly moves: WordMoves;
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
  look(raw: string): Word;
}

/** More distinct spellings than this are no language; the memory of them is dropped and begun anew. */
const maxWordsKept = 30_000;
const digits = /^\d[\d.,]*(?:k|m)?$/;

/** Builds the word memory of a taxonomy. */
export function createLexicon(file: TaxonomyFile, readMoves: MoveReader): Lexicon {
  const { grammar } = file;
  const kept = new Map<string, Word>();
  const numbers = foldKeys(grammar.numbers.words);
  const multipliers = foldKeys(grammar.numbers.multipliers);
  const joiners = foldAll(grammar.numbers.joiners);
  const breaks = foldAll(grammar.breaks);
  const abbreviations = foldAll(grammar.abbreviations);
  const languageIds = Object.keys(grammar.languages);
  const languageBits = readLanguageBits(grammar.languages);

  const describe = (raw: string): Word => {
    const folded = foldWord(raw);
    const multiplier = multipliers.get(folded) ?? null;
    const value = digits.test(folded) ? readDigits(folded) : (numbers.get(folded) ?? null);
    const isJoiner = joiners.has(folded);
    return {
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

  const look = (raw: string): Word => {
    const known = kept.get(raw);
    if (known !== undefined) return known;
    if (kept.size >= maxWordsKept) kept.clear();
    const word = describe(raw);
    // A slice of a transcript would keep the whole transcript alive; a rebuilt string does not.
    kept.set(Buffer.from(raw).toString(), word);
    return word;
  };

  return { languageIds, look };
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
