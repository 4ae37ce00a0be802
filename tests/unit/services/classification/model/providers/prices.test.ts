import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultModel } from '../../../../../../src/config/default-model.ts';
import { loadPrices, readPrices } from '../../../../../../src/services/classification/model/providers/prices.ts';

const own = readPrices(readFileSync('prices/llm-prices.yaml', 'utf8'), 'llm-prices.yaml');
const usage = { inputTokens: 1_000_000, cachedInputTokens: null, outputTokens: 100_000 };

describe('the cost of a call', () => {
  test.each([
    ['gpt-4o-mini', 0.21],
    ['gpt-4o-mini-2024-07-18', 0.21],
    ['claude-sonnet-4-20250514', 4.5],
    ['gemini-2.5-flash', 0.55],
    ['gemini-2.5-flash-lite', 0.14],
    ['openai/gpt-6-luna', 0.15],
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

  test('is more for input that the provider writes to its cache (M9)', () => {
    const cached = { ...usage, cachedInputTokens: 500_000, cacheWriteTokens: 400_000 };
    expect(own.costOf('claude-haiku-5-5', cached)).toBeCloseTo(0.01 + 0.005 + 0.05 + 0.05, 6);
    expect(own.costOf('gpt-4o-mini', cached)).toBeCloseTo(0.075 + 0.0375 + 0.06, 6);
  });

  test('is what the provider says that it charges, also of a model without a price (M9)', () => {
    expect(own.costOf('a-model-of-ours', { ...usage, chargedUsd: 0.002 })).toBe(0.002);
    expect(own.costOf('gpt-6-luna', { ...usage, chargedUsd: 0 })).toBe(0);
  });

  test("is first looked up in a file of one's own, then among the default prices (M11)", async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'prices-')), 'prices.yaml');
    writeFileSync(
      file,
      'as_of: 2026-12-02\ncurrency: USD\nper_million_tokens:\n  gpt-9: { input: 1, output: 2 }\n  gpt-6-luna: { input: 9, output: 9 }\n',
    );
    const prices = await loadPrices(file);
    expect([prices.costOf('gpt-9', usage), prices.costOf('gpt-6-luna', usage), prices.has('gpt-4o')]).toEqual([
      1.2,
      9.9,
      true,
    ]);
  });
});

describe('the default model', () => {
  const table: Record<string, { ends?: string; source?: string }> = parse(
    readFileSync('prices/llm-prices.yaml', 'utf8'),
  ).per_million_tokens;

  test("has a price from its provider's page and no announced end (M11)", () => {
    expect(table[defaultModel]).toMatchObject({ source: expect.stringContaining('developers.openai.com') });
    expect(own.endOf(defaultModel)).toBeUndefined();
  });

  test('each price names its source, or says that it is not verified (M11)', () => {
    for (const [model, { source }] of Object.entries(table))
      expect(source, model).toMatch(/^(not verified|[\w.-]+\.\w+\/\S+)$/);
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
