/** The classifier `llm`: a model, at the provider of the LLM_* settings. */
import type { ClassifierDefinition } from '../classifier-definition.ts';
import { readBuiltCues } from '../rules/built-cues.ts';
import { createClassifierFromSettings } from './from-settings.ts';
import { loadPrices } from './providers/prices.ts';
import { createReader } from './reader.ts';
import { createThreadedReader } from './threaded-reader.ts';

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
      onRefusedParts: ({ model, host, refused, sent }) =>
        log?.warn('classifier.parts_refused', { model, host, refused: refused.join(', '), sent: sent.join(', ') }),
    });
  },
};
