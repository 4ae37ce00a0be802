/** What the calls of a model cost over some days. */
import type { Database } from '../../core/connections/database.ts';
import { type CostGroup, type CostRow, readCosts } from '../../models/queries/cost-stats.ts';
import { readSpentToday } from '../../models/queries/llm-replies.ts';

export type { CostGroup, CostRow };

export interface CostReport {
  readonly by: CostGroup;
  readonly days: number;
  readonly rows: readonly CostRow[];
  readonly total: CostTotal;
  readonly spent_today_usd: number;
}

export interface CostTotal {
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Of the calls whose price is known; null: of none is it. */
  readonly cost_usd: number | null;
  readonly unpriced_calls: number;
  readonly abandoned_calls: number;
}

/** The last `days` days, today (UTC) among them. @throws AppError DATABASE_* */
export async function readCostReport(
  database: Database,
  { by, days }: { by: CostGroup; days: number },
): Promise<CostReport> {
  const [rows, spentToday] = await Promise.all([readCosts(database, { by, days }), readSpentToday(database)]);
  return { by, days, rows, total: totalOf(rows), spent_today_usd: spentToday };
}

type Summed = 'calls' | 'input_tokens' | 'output_tokens' | 'cost_usd' | 'unpriced_calls' | 'abandoned_calls';

export function totalOf(rows: readonly CostRow[]): CostTotal {
  const sum = (key: Summed) => rows.reduce((total, row) => total + (row[key] ?? 0), 0);
  const hasPrice = rows.some(({ cost_usd }) => cost_usd !== null);
  return {
    calls: sum('calls'),
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    cost_usd: hasPrice ? Math.round(sum('cost_usd') * 1_000_000) / 1_000_000 : null,
    unpriced_calls: sum('unpriced_calls'),
    abandoned_calls: sum('abandoned_calls'),
  };
}
