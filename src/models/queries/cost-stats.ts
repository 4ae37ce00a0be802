/** What models cost: calls, tokens, dollars and latency by day, by model or by seller. */
import type { Database, Statement } from '../../core/connections/database.ts';

export const costGroups = ['day', 'model', 'seller'] as const;
export type CostGroup = (typeof costGroups)[number];

export interface CostRow {
  /** The day (UTC), the model or the seller. null: the seller is unknown, because the meeting was deleted or the call was a test. */
  readonly name: string | null;
  readonly calls: number;
  readonly meetings: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Total of the calls with a known price; null: no price is known. */
  readonly cost_usd: number | null;
  /** Calls without a known price or usage; the cost does not include them. */
  readonly unpriced_calls: number;
  /** Calls that were aborted after they were sent; their tokens and cost are estimates. */
  readonly abandoned_calls: number;
  readonly mean_latency_ms: number;
}

const groupOf: Readonly<Record<CostGroup, { expression: string; join: string; order: string }>> = {
  day: { expression: `to_char(c.at at time zone 'UTC', 'YYYY-MM-DD')`, join: '', order: '1 desc' },
  model: { expression: 'c.model', join: '', order: 'cost_usd desc nulls last, 1' },
  seller: {
    expression: 's.name',
    join: 'left join public.meetings m on m.id = c.meeting_id left join public.sellers s on s.id = m.seller_id',
    order: 'cost_usd desc nulls last, 1',
  },
};
const mostRows = 1_000;

/** The last `days` days, including today (UTC); at most 1,000 rows. @throws AppError DATABASE_* */
export async function readCosts(
  database: Database,
  { by, days }: { by: CostGroup; days: number },
): Promise<readonly CostRow[]> {
  const { expression, join, order } = groupOf[by];
  const statement: Statement = {
    name: `cost_by_${by}`,
    text: `
select ${expression} as name, count(*)::int as calls, count(distinct c.meeting_id)::int as meetings,
  coalesce(sum(c.input_tokens), 0)::float8 as input_tokens, coalesce(sum(c.output_tokens), 0)::float8 as output_tokens,
  sum(c.cost_usd)::float8 as cost_usd, (count(*) filter (where c.cost_usd is null))::int as unpriced_calls,
  (count(*) filter (where c.outcome = 'abandoned'))::int as abandoned_calls,
  round(avg(c.latency_ms))::float8 as mean_latency_ms
from vambe_worker.llm_calls c ${join}
where c.at >= (date_trunc('day', now() at time zone 'UTC') - ($1::int - 1) * interval '1 day') at time zone 'UTC'
group by 1 order by ${order} limit ${mostRows}`,
  };
  return database.run<CostRow>(statement, [days]);
}
