import { readFileSync } from 'node:fs';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createLlmClassifier } from '../../../../../src/services/classification/model/llm-classifier.ts';
import { createReader } from '../../../../../src/services/classification/model/reader.ts';
import { describeClassifier } from '../../../../contract/classifier-suite.ts';
import { modelThatReads, transcriptOf } from '../../../../helpers/fake-llm.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const read = modelThatReads(taxonomy);

/** What a model says is its own; what becomes of it is ours, and that is what the suite looks at. */
const classifier = createLlmClassifier({
  taxonomy,
  reader: createReader(taxonomy),
  redacts: true,
  client: {
    model: 'reads-as-offline',
    host: 'nowhere',
    refusedParts: () => [],
    async complete({ messages }) {
      const text = JSON.stringify(await read(transcriptOf(messages)));
      const tokens = { inputTokens: null, cachedInputTokens: null, outputTokens: null };
      return { text, end: 'whole', model: 'm', ...tokens, latencyMs: 0 };
    },
  },
});

describeClassifier({ name: 'llm', taxonomy, create: () => classifier });
