import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';
import { createThreadedClassifier } from '../../../../../src/services/classification/rules/threaded-classifier.ts';
import { describeClassifier } from '../../../../contract/classifier-suite.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const { signal } = new AbortController();
const inputOf = (transcript: string) => ({ transcript, sellerPrompt: null, signal });

const threaded = createThreadedClassifier(taxonomy, { maxItems: 17 });
afterAll(() => threaded.close?.());

describeClassifier({ name: 'offline in a thread', taxonomy, create: () => threaded });

describe('the offline classifier in a thread', () => {
  it('answers as the one in this thread does, each caller its own', async () => {
    const here = createOfflineClassifier(taxonomy);
    const transcripts = readFileSync('tests/fixtures/everyday/everyday.jsonl', 'utf8')
      .trim()
      .split('\n')
      .map((line) => String(JSON.parse(line).transcript));
    const answers = await Promise.all(transcripts.map((each) => threaded.classify(inputOf(each))));
    for (const [index, each] of transcripts.entries())
      expect(answers[index]).toEqual(await here.classify(inputOf(each)));
    expect([threaded.kind, threaded.model, threaded.version]).toEqual([here.kind, here.model, here.version]);
  });

  it('rejects a caller that was aborted meanwhile', async () => {
    const controller = new AbortController();
    const asked = threaded.classify({ ...inputOf('Somos una clínica.'), signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
  });
});
