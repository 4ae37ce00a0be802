/** Detects the language of a text by its function words. */
import type { Lexicon } from './lexicon.ts';
import type { Token } from './tokens.ts';

/** Scores in quarters of a word: a word of one language counts whole, a word that languages share counts a quarter for each. */
const minQuarters = 6;
const wholeQuarters = 4;
const sharedQuarters = 1;
/** Below this share the text is a tie between two languages. A text that switches language goes by its larger part. */
const minShare = 0.55;

export interface LanguageCount {
  /** By language index of the grammar. */
  readonly quarters: readonly number[];
  /** Words that belong to any language. */
  readonly known: number;
}

export function countLanguages(tokens: readonly Token[], { languageIds, languageSets }: Lexicon): LanguageCount {
  const words = languageSets.map(() => 0);
  for (const { word } of tokens) words[word.languageSet] = (words[word.languageSet] ?? 0) + 1;
  const quarters = languageIds.map(() => 0);
  let known = 0;
  for (const [index, set] of languageSets.entries()) {
    if (set === 0) continue;
    const count = words[index] ?? 0;
    known += count;
    // A word of several languages ("no", "de", "que") is weak evidence for each of them. Tests that only one bit is set.
    const worth = (set & (set - 1)) === 0 ? wholeQuarters : sharedQuarters;
    for (let language = 0; language < quarters.length; language += 1)
      if ((set & (1 << language)) !== 0) quarters[language] = (quarters[language] ?? 0) + count * worth;
  }
  return { quarters, known };
}

/** The language with the most evidence, and its share of the evidence for the best two; undefined where it is unclear. */
export function findLanguage(
  { quarters }: LanguageCount,
  { languageIds }: Lexicon,
): { readonly id: string; readonly share: number } | undefined {
  const best = Math.max(0, ...quarters);
  const at = quarters.indexOf(best);
  const second = Math.max(0, ...quarters.filter((_each, index) => index !== at));
  const id = languageIds[at];
  const share = best / (best + second);
  return best < minQuarters || share < minShare || id === undefined ? undefined : { id, share };
}
