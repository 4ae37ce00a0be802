/** What `vambe stats cost` gives with `--json`. */
import * as z from 'zod';
import type { CostReport } from '../services/observe/cost.ts';
import { count, list } from './pieces.ts';

const sums = {
  calls: count,
  input_tokens: count,
  output_tokens: count,
  /** Of the calls whose price is known; null: of none is it. */
  cost_usd: z.number().nullable(),
  unpriced_calls: count,
  /** Given up after they were sent; their figures are estimates. */
  abandoned_calls: count,
};

export const costDocument = z.strictObject({
  success: z.literal(true),
  by: z.enum(['day', 'model', 'seller']),
  days: z.int().positive(),
  rows: list(z.strictObject({ name: z.string().nullable(), ...sums, meetings: count, mean_latency_ms: z.number() })),
  total: z.strictObject(sums),
  spent_today_usd: z.number(),
  /** null: no limit is set. */
  budget_usd_per_day: z.number().nullable(),
});

export function toCostDocument(report: CostReport, budgetUsdPerDay: number | null): z.infer<typeof costDocument> {
  return { success: true, ...report, budget_usd_per_day: budgetUsdPerDay };
}
