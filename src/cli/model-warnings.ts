/** Warnings of `check llm` and `doctor` about the model: its answer, its announced end, its price. */
import { defaultModel } from '../config/default-model.ts';
import { llmAccess } from '../config/llm-access.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import type { Probe } from '../services/classification/classifier.ts';

/** What is wrong with the answer to a test call. */
export function answerWarnings({ labels, model }: Pick<Probe, 'labels' | 'model'>): readonly string[] {
  if (labels === null)
    return [
      `${model} answered the test transcript without the JSON that was asked for. Jobs would be repeated and fail; use another model.`,
    ];
  if (labels > 0) return [];
  return [
    `${model} found no label with a quote in the test transcript, a short sales meeting in Spanish. With a taxonomy of sales meetings, use another model.`,
  ];
}

/** Warnings of an end that is near, and of a missing price. */
export async function adviceOn(config: Config, model: string): Promise<readonly string[]> {
  const [{ loadPrices }, { adviseOnModel }, { isRemoteModel }] = await Promise.all([
    import('../services/classification/model/providers/prices.ts'),
    import('../services/classification/model/providers/model-advice.ts'),
    import('../services/classification/model/from-settings.ts'),
  ]);
  const prices = await loadPrices(config.llmPricesFile);
  const isCharged = isRemoteModel({ ...config, llmBaseUrl: llmAccess(config).baseUrl });
  return adviseOnModel({ model, defaultModel, prices, isCharged, nowMs: systemClock.wallMs() });
}
