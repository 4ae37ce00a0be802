import { describe, expect, it } from 'vitest';
import { readCostReport, totalOf } from '../../../../src/services/observe/cost.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const row = (name: string, cost_usd: number | null) => ({
  name,
  calls: 2,
  meetings: 1,
  input_tokens: 10,
  output_tokens: 5,
  cost_usd,
  unpriced_calls: cost_usd === null ? 2 : 0,
  abandoned_calls: 1,
  mean_latency_ms: 100,
});

describe('The cost of model calls', () => {
  it('is summed over the rows, to a millionth of a dollar', () => {
    expect(totalOf([row('a', 0.1), row('b', 0.2), row('c', null)])).toEqual({
      calls: 6,
      input_tokens: 30,
      output_tokens: 15,
      cost_usd: 0.3,
      unpriced_calls: 2,
      abandoned_calls: 3,
    });
  });

  it('is unknown, not 0, where no call has a price', () => {
    expect(totalOf([row('a', null)]).cost_usd).toBeNull();
    expect(totalOf([]).cost_usd).toBeNull();
  });

  it('is reported by day, model or seller over some days', async () => {
    const database = createFakeDatabase({ cost_by_model: [row('a', 0.1)] });
    const report = await readCostReport(database, { by: 'model', days: 7 });
    expect(report).toMatchObject({ by: 'model', days: 7, rows: [{ name: 'a' }], total: { calls: 2 } });
    expect(database.calls('cost_by_model')).toEqual([[7]]);
  });
});
