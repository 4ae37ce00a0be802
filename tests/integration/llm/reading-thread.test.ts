/** A worker reads transcripts and replies in a thread, so that its event loop is free for who waits; a command reads where it runs. */
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { chooseClassifier } from '../../../src/wire-services.ts';
import { answerByReading, startFakeLlm } from '../../helpers/fake-llm.ts';
import { salesTaxonomy, testKey } from '../../helpers/llm-classifier.ts';
import { spanishTranscript } from '../../helpers/meetings.ts';

/** Threads that one classification opens. */
async function threadsOf(environment: Record<string, string>, options: { threadBatch?: number }): Promise<number> {
  let opened = 0;
  const count = () => {
    opened += 1;
  };
  process.on('worker', count);
  onTestFinished(() => void process.off('worker', count));
  const classifier = await chooseClassifier(loadConfig(environment, '').config, salesTaxonomy, options);
  const signal = new AbortController().signal;
  const { fields } = await classifier.classify({ transcript: spanishTranscript, sellerPrompt: null, signal });
  await classifier.close?.();
  expect(fields.business_sector?.evidence.length).toBeGreaterThan(0);
  return opened;
}

test.each(['offline', 'llm'])('CLASSIFIER=%s', async (classifier) => {
  const fake = await startFakeLlm();
  onTestFinished(() => fake.close());
  fake.otherwise(answerByReading(salesTaxonomy));
  const environment = {
    CLASSIFIER: classifier,
    LLM_BASE_URL: fake.baseUrl,
    LLM_API_KEY: testKey,
    LLM_MODEL: 'gpt-4o-mini',
  };
  expect(await threadsOf(environment, { threadBatch: 4 })).toBe(1);
  expect(await threadsOf(environment, {})).toBe(0);
  expect(fake.seen.length).toBe(classifier === 'llm' ? 2 : 0);
});
