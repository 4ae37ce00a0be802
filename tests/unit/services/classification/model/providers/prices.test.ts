import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readPrices } from '../../../../../../src/services/classification/model/providers/prices.ts';

const own = readPrices(readFileSync('prices/llm-prices.yaml', 'utf8'), 'llm-prices.yaml');
const usage = { inputTokens: 1_000_000, cachedInputTokens: null, outputTokens: 100_000 };

describe('the cost of a call', () => {
  test.each([
    ['gpt-4o-mini', 0.21],
    ['gpt-4o-mini-2024-07-18', 0.21],
    ['claude-sonnet-4-20250514', 4.5],
    ['gemini-2.5-flash', 0.55],
    ['gemini-2.5-flash-lite', 0.14],
  ])('of %s is that of its name, dated or not', (model, usd) => {
    expect(own.costOf(model, usage)).toBeCloseTo(usd, 6);
  });

  test.each(['gpt-4o-mini-search-preview', 'a-model-of-ours', '', 'constructor'])(
    'of %s is unknown, not 0',
    (model) => {
      expect(own.costOf(model, usage)).toBeNull();
      expect(own.has(model)).toBe(false);
    },
  );

  test('is unknown without figures of usage', () => {
    expect(own.costOf('gpt-4o-mini', { ...usage, outputTokens: null })).toBeNull();
  });

  test('is less for input that the provider had kept', () => {
    expect(own.costOf('gpt-4o-mini', { ...usage, cachedInputTokens: 500_000 })).toBeCloseTo(0.1725, 6);
  });
});

test.each([
  ['as_of: 2026-01-01\ncurrency: USD\nper_million_tokens:\n  a: { input: -1, output: 2 }', 'line 4'],
  ['as_of: yesterday\ncurrency: USD\nper_million_tokens: {}', 'line 1'],
  ['as_of: [', 'cannot be used'],
  ['', 'cannot be used'],
])('a file that cannot be used is refused with its line: %s', (text, words) => {
  expect(() => readPrices(text, 'own.yaml')).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining(words) }),
  );
});
