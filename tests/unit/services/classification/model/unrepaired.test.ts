import { expect, test } from 'vitest';
import { createLlmClassifier } from '../../../../../src/services/classification/model/llm-classifier.ts';
import { createReader } from '../../../../../src/services/classification/model/reader.ts';
import { salesTaxonomy } from '../../../../helpers/llm-classifier.ts';

const transcript =
  'Somos una clínica dental. Nos gustaría evaluar la herramienta. Es urgente, nos llegan demasiados mensajes.';
const quotes = ['una clínica dental', 'Nos gustaría evaluar', 'Es urgente', 'demasiados mensajes'];

/** Everything proven and sure but for one field, which is given `sector` each time it is asked for. */
async function classifyWith(sector: string) {
  const [inSector, inStage, inUrgency, inPain] = quotes.map((quote) => [quote]);
  const fields = {
    ...Object.fromEntries(salesTaxonomy.file.fields.map(({ id }) => [id, null])),
    business_sector: { value: sector, quotes: inSector, confidence: 1 },
    purchase_stage: { value: 'evaluation', quotes: inStage, confidence: 1 },
    urgency: { value: true, quotes: inUrgency, confidence: 1 },
    primary_pain_point: { value: 'saturated_support', quotes: inPain, confidence: 1 },
    sentiment: { value: 'neutral', quotes: inPain, confidence: 1 },
  };
  let calls = 0;
  const { needsReview } = await createLlmClassifier({
    taxonomy: salesTaxonomy,
    reader: createReader(salesTaxonomy),
    redacts: false,
    client: {
      model: 'm',
      host: 'nowhere',
      refusedParts: () => [],
      async complete() {
        calls += 1;
        const tokens = { inputTokens: 1, cachedInputTokens: null, outputTokens: 1 };
        return { text: JSON.stringify({ fields }), end: 'whole', model: 'm', ...tokens, latencyMs: 0 };
      },
    },
  }).classify({ transcript, sellerPrompt: null, signal: new AbortController().signal });
  return { calls, needsReview };
}

test('what a model got wrong twice is for a person, however sure it is of the rest', async () => {
  expect(await classifyWith('healthcare')).toEqual({ calls: 1, needsReview: false });
  expect(await classifyWith('magic')).toEqual({ calls: 2, needsReview: true });
});
