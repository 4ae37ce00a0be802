/** A word that was met, and what the taxonomy says of it. */

/** What a word may be beside a word, a bit each. */
export const traits = { joiner: 1, clauseBreak: 2, abbreviation: 4 } as const;

/** What is read of every word of a text comes first, so that it lies together in memory. */
export class Word {
  /** Characters of its spelling. */
  readonly length: number;
  /** Where its spelling begins in the table of words. */
  readonly spellingAt: number;
  private readonly traits: number;
  /** Where its moves begin in the matcher's table of them. */
  readonly moves: number;
  /** Index among the lexicon's sets of languages. */
  readonly languageSet: number;
  /** Null of what is no number. */
  readonly value: number | null;
  /** "mil", "hundred": multiplies the number before it. */
  readonly multiplier: number | null;
  readonly folded: string;
  readonly hash: number;

  constructor(meaning: Meaning, { hash, length, spellingAt }: Spelling) {
    this.length = length;
    this.spellingAt = spellingAt;
    this.traits = meaning.traits;
    this.moves = meaning.moves;
    this.languageSet = meaning.languageSet;
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

/** What the taxonomy says of a word, however it is spelt. */
export interface Meaning {
  readonly traits: number;
  readonly moves: number;
  readonly languageSet: number;
  readonly value: number | null;
  readonly multiplier: number | null;
  readonly folded: string;
}
