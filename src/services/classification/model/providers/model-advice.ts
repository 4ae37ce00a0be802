/** What an operator should know of a model: its announced end, a missing price. */
import type { PriceTable } from './prices.ts';

export interface ModelToAdvise {
  readonly model: string;
  /** Named where another model is needed. */
  readonly defaultModel: string;
  readonly prices: PriceTable;
  /** False for a server of one's own, which costs nothing per call. */
  readonly isCharged: boolean;
  readonly nowMs: number;
}

/** A notice of an end comes up to six months before; a warning that long would be ignored. */
const warnedDays = 60;
const dayMs = 86_400_000;

/** Sentences, most urgent first; empty: nothing to say. */
export function adviseOnModel({ model, defaultModel, prices, isCharged, nowMs }: ModelToAdvise): readonly string[] {
  return [...adviseOnEnd(), ...adviseOnPrice()];

  function adviseOnEnd(): string[] {
    const end = prices.endOf(model);
    if (end === undefined) return [];
    const days = Math.ceil((Date.parse(end) - nowMs) / dayMs);
    if (days > warnedDays) return [];
    const other = model === defaultModel ? 'another model' : `another model, such as ${defaultModel}`;
    const when = days <= 0 ? `has ended on ${end}` : `ends on ${end}, in ${days} days`;
    return [`The model ${model} ${when}, as its provider announced. Set LLM_MODEL to ${other}.`];
  }

  function adviseOnPrice(): string[] {
    if (!isCharged || prices.has(model)) return [];
    return [
      `The price of ${model} is not known, so its calls are not in the cost and no LLM_BUDGET_USD_PER_DAY can be kept. ${howToPrice(model)}`,
    ];
  }
}

/** The file that gives a model a price. */
export function howToPrice(model: string): string {
  return `Write a file of four lines, "as_of: 2026-12-01", "currency: USD", "per_million_tokens:" and "  ${JSON.stringify(model).replaceAll('"', "'")}: { input: DOLLARS, output: DOLLARS }", with the dollars for a million tokens, and set LLM_PRICES_FILE to its path.`;
}
