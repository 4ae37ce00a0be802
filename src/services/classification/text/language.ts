/** Tells the language of a text by its function words. */
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { FieldResult } from '../classifier.ts';
import type { Reading } from '../rules/reading.ts';
import { emptyResult } from '../rules/weigh.ts';
import type { Lexicon } from './lexicon.ts';

/** Words count in quarters: four for one of one language alone, one for each language that shares a word. */
const minQuarters = 6;
const wholeQuarters = 4;
const sharedQuarters = 1;
/** A tie between two languages is no answer; a text that switches goes by the greater part. */
const minShare = 0.55;

export interface LanguageCount {
  /** By language index of the grammar. */
  readonly quarters: readonly number[];
  /** Words that belong to any language. */
  readonly known: number;
}

export function countLanguages(reading: Reading, { languageIds, languageSets }: Lexicon): LanguageCount {
  const words = languageSets.map(() => 0);
  for (const { word } of reading.tokens) words[word.languageSet] = (words[word.languageSet] ?? 0) + 1;
  const quarters = languageIds.map(() => 0);
  let known = 0;
  for (const [index, set] of languageSets.entries()) {
    if (set === 0) continue;
    const count = words[index] ?? 0;
    known += count;
    // A word of several languages says little for any: "no", "de", "que".
    const worth = (set & (set - 1)) === 0 ? wholeQuarters : sharedQuarters;
    for (let language = 0; language < quarters.length; language += 1)
      if ((set & (1 << language)) !== 0) quarters[language] = (quarters[language] ?? 0) + count * worth;
  }
  return { quarters, known };
}

export function decideLanguage(field: FileField, languages: LanguageCount, lexicon: Lexicon): FieldResult {
  const { quarters } = languages;
  const best = Math.max(0, ...quarters);
  const at = quarters.indexOf(best);
  const second = Math.max(0, ...quarters.filter((_each, index) => index !== at));
  const id = lexicon.languageIds[at];
  const share = best / (best + second);
  if (best < minQuarters || share < minShare || !field.values.some((value) => value.id === id)) return emptyResult;
  return { value: id ?? null, confidence: Math.round(Math.min(0.99, share) * 100) / 100, evidence: [] };
}
