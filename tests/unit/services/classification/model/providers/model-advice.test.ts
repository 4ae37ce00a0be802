import { expect, test } from 'vitest';
import { adviseOnModel } from '../../../../../../src/services/classification/model/providers/model-advice.ts';
import { readPrices } from '../../../../../../src/services/classification/model/providers/prices.ts';

const prices = readPrices(
  'as_of: 2026-12-01\ncurrency: USD\nper_million_tokens:\n  ending: { input: 1, output: 2, ends: 2027-01-15 }\n  lasting: { input: 1, output: 2 }\n',
  'prices of tests',
);
const advise = (model: string, date: string, isCharged = true) =>
  adviseOnModel({ model, defaultModel: 'the-default', prices, isCharged, nowMs: Date.parse(`${date}T00:00:00Z`) });

test.each([
  ['ending', '2026-12-01', 'ends on 2027-01-15, in 45 days'],
  ['ending-2024-07-18', '2027-01-14', 'ends on 2027-01-15, in 1 days'],
  ['openai/ending', '2027-01-15', 'has ended on 2027-01-15'],
  ['ending', '2027-06-01', 'has ended on 2027-01-15'],
])('the end of %s on %s is told with another model (M11)', (model, date, words) => {
  const found = advise(model, date);
  expect(found).toEqual([expect.stringContaining(words)]);
  expect(found[0]).toContain('such as the-default');
});

test.each([
  ['ending', '2026-11-01'],
  ['lasting', '2026-12-01'],
])('%s on %s needs no word (M11)', (model, date) => {
  expect(advise(model, date)).toEqual([]);
});

test("a model without a price is told with the lines that give it one, unless it runs on a server of one's own (M11)", () => {
  const [found = ''] = advise('new-model', '2026-12-01');
  expect(found).toContain("'new-model': { input: DOLLARS, output: DOLLARS }");
  expect(found).toContain('LLM_PRICES_FILE');
  expect(advise('new-model', '2026-12-01', false)).toEqual([]);
});
