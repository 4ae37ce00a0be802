/** The second taxonomy of the product, which no code refers to. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../src/models/taxonomy.ts';
import { writeSystemPrompt } from '../../../../src/services/classification/model/prompt.ts';
import { makeReplySchema } from '../../../../src/services/classification/model/reply-schema.ts';
import { createOfflineClassifier } from '../../../../src/services/classification/rules/offline-classifier.ts';
import { readLabelledMeetings } from '../../../../src/services/evaluation/labelled-meetings.ts';
import { type Prediction, scoreMeetings } from '../../../../src/services/evaluation/score.ts';
import { describeClassifier } from '../../../contract/classifier-suite.ts';

const file = 'taxonomies/support-call.yaml';
const taxonomy = loadTaxonomy(readFileSync(file, 'utf8'), 'support-call.yaml');
const classifier = createOfflineClassifier(taxonomy);
const calls = readLabelledMeetings(readFileSync('tests/fixtures/support-calls.jsonl', 'utf8'), 'support-calls.jsonl');

describeClassifier({ name: 'offline, with taxonomies/support-call.yaml', taxonomy, create: () => classifier });

describe('taxonomies/support-call.yaml', () => {
  it('makes the prompt and the schema of a reply, with fields and values of its own', () => {
    const prompt = writeSystemPrompt(taxonomy);
    const schema = JSON.stringify(makeReplySchema(taxonomy));
    for (const { id, values } of taxonomy.fields)
      for (const name of [id, ...values.map((value) => value.id)]) {
        expect(prompt).toContain(name);
        expect(schema).toContain(`"${name}"`);
      }
    expect(prompt).not.toContain('business_sector');
  });

  it('labels calls in both languages right in nine of ten cases, and invents nothing where the label is null', async () => {
    const predictions = new Map<string, Prediction>();
    for (const { id, transcript } of calls) {
      const signal = new AbortController().signal;
      const { fields } = await classifier.classify({ transcript, sellerPrompt: null, signal });
      predictions.set(id, Object.fromEntries(Object.entries(fields).map(([field, { value }]) => [field, value])));
    }
    const { mean } = scoreMeetings(taxonomy.fields, calls, predictions, { seed: 1, resamples: 20, level: 0.95 });
    expect(mean.lenient).toBeGreaterThanOrEqual(0.9);
    expect(mean.nullsKept).toBe(mean.goldNulls);
    expect(new Set(calls.map((call) => call.labels?.language))).toContain('en');
  });

  it('tells an editor where the schema of its format is', () => {
    for (const name of ['support-call', 'sales-meeting'])
      expect(readFileSync(`taxonomies/${name}.yaml`, 'utf8').split('\n')[0]).toBe(
        '# yaml-language-server: $schema=./taxonomy.schema.json',
      );
  });
});
