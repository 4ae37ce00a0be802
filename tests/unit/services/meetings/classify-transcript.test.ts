import { describe, expect, it } from 'vitest';
import type { Taxonomy } from '../../../../src/models/taxonomy.ts';
import { classifyTranscript } from '../../../../src/services/meetings/classify-transcript.ts';
import { createStubClassifier } from '../../../helpers/stub-classifier.ts';

const taxonomy = { fields: [{ id: 'urgency' }, { id: 'language' }], version: 'v1' } as unknown as Taxonomy;
const signal = new AbortController().signal;

describe('A bare transcript', () => {
  it('is classified at once, its labels in the order of the taxonomy', async () => {
    const classifier = createStubClassifier();
    const request = { transcript: 'Es urgente.', name: 'a.txt', signal };
    const classified = await classifyTranscript({ taxonomy, classifier }, request);
    expect(classified).toMatchObject({ classifier: 'stub', model: 'stub-1', taxonomyVersion: 'v1' });
    expect(classified.labels.map(({ field }) => field)).toEqual(['urgency', 'language', 'business_sector']);
    expect(classifier.calls).toMatchObject([{ transcript: 'Es urgente.', sellerPrompt: null }]);
  });

  it('is refused when it is longer than what an import takes', async () => {
    const request = { transcript: 'a'.repeat(2_000_001), name: 'a.txt', signal };
    const refused = classifyTranscript({ taxonomy, classifier: createStubClassifier() }, request);
    await expect(refused).rejects.toThrow('a.txt has 2000001 characters, at most 2000000 are taken.');
  });
});
