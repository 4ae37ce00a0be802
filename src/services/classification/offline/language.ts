/** Tells the language of a text by its function words. */
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { FieldResult } from '../classifier.ts';
import type { Lexicon } from './lexicon.ts';
import type { Reading } from './reading.ts';
import { emptyResult } from './weigh.ts';

/** In quarters of a word. */
const minCount = 6;
const wholeWorth = 4;
const sharedWorth = 1;
/** A tie between two languages is no answer; a text that switches goes by the greater part. */
const minShare = 0.55;

export interface LanguageCount {
  /** By language index of the grammar, in quarters of a word: one of one language alone counts whole. */
  readonly counts: readonly number[];
  /** Words that belong to any language. */
  readonly known: number;
}

export function countLanguages(reading: Reading, { languageIds, languageSets }: Lexicon): LanguageCount {
  const words = languageSets.map(() => 0);
  for (const { word } of reading.tokens) words[word.languages] = (words[word.languages] ?? 0) + 1;
  const counts = languageIds.map(() => 0);
  let known = 0;
  for (const [index, set] of languageSets.entries()) {
    if (set === 0) continue;
    const count = words[index] ?? 0;
    known += count;
    // A word of several languages says little for any: "no", "de", "que".
    const worth = (set & (set - 1)) === 0 ? wholeWorth : sharedWorth;
    for (let language = 0; language < counts.length; language += 1)
      if ((set & (1 << language)) !== 0) counts[language] = (counts[language] ?? 0) + count * worth;
  }
  return { counts, known };
}

export function decideLanguage(field: FileField, languages: LanguageCount, lexicon: Lexicon): FieldResult {
  const { counts } = languages;
  const best = Math.max(0, ...counts);
  const at = counts.indexOf(best);
  const second = Math.max(0, ...counts.filter((_each, index) => index !== at));
  const id = lexicon.languageIds[at];
  const share = best / (best + second);
  if (best < minCount || share < minShare || !field.values.some((value) => value.id === id)) return emptyResult;
  return { value: id ?? null, confidence: Math.round(Math.min(0.99, share) * 100) / 100, evidence: [] };
}
