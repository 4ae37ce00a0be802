import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const classifier = createOfflineClassifier(taxonomy);
const languageOf = async (transcript: string) => {
  const { fields } = await classifier.classify({
    transcript,
    sellerPrompt: null,
    signal: new AbortController().signal,
  });
  return fields.language?.value;
};

describe('the language of a text', () => {
  it.each([
    ['The price is too high and they know it.', 'en'],
    ['El precio es muy alto y ellos lo saben.', 'es'],
    ['Precio.', null],
    // Words of both languages are weak evidence for each.
    ['No no no.', null],
  ])('%s', async (transcript, language) => {
    expect(await languageOf(transcript)).toBe(language);
  });
});
