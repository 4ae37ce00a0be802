/** The classifier `llm`: a model, at the provider of the LLM_* settings. */
import type { ClassifierDefinition } from '../classifier-definition.ts';
import { readBuiltCues } from '../rules/built-cues.ts';
import { createClassifierFromSettings } from './from-settings.ts';
import { loadPrices } from './providers/prices.ts';
import { createReader } from './reader.ts';
import { createThreadedReader } from './threaded-reader.ts';

const inputCutHint =
  'The server read far less than it was sent. Give it a longer context: num_ctx or OLLAMA_CONTEXT_LENGTH=32768 with Ollama, --max-model-len with vLLM.';

export const llmDefinition: ClassifierDefinition = {
  async create({ settings, taxonomy, threadBatch, log, ...parts }) {
    const compiledCues = await readBuiltCues();
    return createClassifierFromSettings({
      ...parts,
      settings,
      taxonomy,
      compiledCues,
      model: settings.llmModel,
      apiKey: settings.llmApiKey,
      prices: await loadPrices(settings.llmPricesFile),
      openReader: () =>
        threadBatch === undefined ? createReader(taxonomy, compiledCues) : createThreadedReader(taxonomy),
      onBudgetNearlyUsed: ({ spentUsd, usdPerDay }) =>
        log?.warn('classifier.budget_nearly_used', { spent_usd: spentUsd, budget_usd_per_day: usdPerDay }),
      onInputCut: ({ model, host, sentChars, inputTokens }) =>
        log?.warn('classifier.input_cut', {
          model,
          host,
          sent_chars: sentChars,
          input_tokens: inputTokens,
          hint: inputCutHint,
        }),
      onRefusedParts: ({ model, host, refused, sent }) =>
        log?.warn('classifier.parts_refused', { model, host, refused: refused.join(', '), sent: sent.join(', ') }),
    });
  },
};
