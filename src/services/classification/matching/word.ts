/** A distinct word of the texts read so far, and what the taxonomy says about it. */

/** Bit flags. */
export const traits = { joiner: 1, clauseBreak: 2, abbreviation: 4 } as const;

/** Properties that are read for every word of a text come first, so that they share a cache line. */
export class Word {
  /** Characters in its spelling. */
  readonly length: number;
  /** Start of its spelling in the word table. */
  readonly spellingAt: number;
  private readonly traits: number;
  /** What `Matcher.transitionsOf` returned. */
  readonly transitions: number;
  /** Index in the lexicon's sets of languages. */
  readonly languageSet: number;
  /** Index in the vocabulary of the fitted weights, or -1. */
  readonly vocabulary: number;
  /** null: not a number. */
  readonly value: number | null;
  /** "mil", "hundred": multiplies the number before it. */
  readonly multiplier: number | null;
  readonly folded: string;
  readonly hash: number;

  constructor(meaning: Meaning, { hash, length, spellingAt }: Spelling) {
    this.length = length;
    this.spellingAt = spellingAt;
    this.traits = meaning.traits;
    this.transitions = meaning.transitions;
    this.languageSet = meaning.languageSet;
    this.vocabulary = meaning.vocabulary;
    this.value = meaning.value;
    this.multiplier = meaning.multiplier;
    this.folded = meaning.folded;
    this.hash = hash;
  }

  /** "y", "and" inside a number. */
  get isJoiner(): boolean {
    return (this.traits & traits.joiner) !== 0;
  }

  get beginsClause(): boolean {
    return (this.traits & traits.clauseBreak) !== 0;
  }

  get isAbbreviation(): boolean {
    return (this.traits & traits.abbreviation) !== 0;
  }
}

interface Spelling {
  readonly hash: number;
  readonly length: number;
  readonly spellingAt: number;
}

/** What the taxonomy says about a word; the same for all its spellings. */
export interface Meaning {
  readonly traits: number;
  readonly transitions: number;
  readonly languageSet: number;
  readonly vocabulary: number;
  readonly value: number | null;
  readonly multiplier: number | null;
  readonly folded: string;
}
