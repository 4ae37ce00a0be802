import { expect, test } from 'vitest';
import { systemClock } from '../../../../../src/core/clock.ts';
import {
  createClassifierFromSettings,
  isRemote,
  type LlmSettings,
} from '../../../../../src/services/classification/model/from-settings.ts';
import { modelCallBounds } from '../../../../../src/services/classification/model/providers/post-json.ts';
import { createReader } from '../../../../../src/services/classification/model/reader.ts';
import { salesTaxonomy, testPrices } from '../../../../helpers/llm-classifier.ts';

const make = (settings: Partial<LlmSettings> = {}, model = 'a-model') =>
  createClassifierFromSettings({
    settings: {
      llmProvider: 'openai',
      llmBaseUrl: null,
      llmTimeoutSeconds: 60,
      llmRedact: 'auto',
      llmMaxConcurrency: null,
      llmBudgetUsdPerDay: null,
      workerConcurrency: 20,
      classifierFallback: 'none',
      llmExtraBody: null,
      httpsProxy: null,
      httpProxy: null,
      noProxy: null,
      ...settings,
    },
    model,
    prices: testPrices,
    apiKey: null,
    taxonomy: salesTaxonomy,
    openReader: () => createReader(salesTaxonomy),
    clock: systemClock,
  });

test('what changes an answer is in the version: prompt, model, taxonomy, and whether personal data was masked', () => {
  expect(make().version).toBe(`llm-p3/a-model/${salesTaxonomy.version}/redacted`);
  expect(make({ llmRedact: 'off' }).version).toBe(`llm-p3/a-model/${salesTaxonomy.version}`);
  expect(make({ llmBaseUrl: 'http://localhost:11434/v1' }).version).not.toContain('redacted');
  expect(make({ llmBaseUrl: 'http://localhost:11434/v1', llmRedact: 'on' }).version).toContain('redacted');
});

test('a budget needs a price for the model, as one that is not kept to would be worse than none', () => {
  expect(() => make({ llmBudgetUsdPerDay: 25 })).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining('LLM_BUDGET_USD_PER_DAY') }),
  );
  expect(() => make({ llmBudgetUsdPerDay: 25 })).toThrow("'a-model': { input: DOLLARS, output: DOLLARS }");
  expect(make({ llmBudgetUsdPerDay: 25 }, 'model-of-tests-2026-01-01').kind).toBe('llm');
});

test.each(['openai', 'compatible', 'anthropic', 'google'] as const)(
  'LLM_PROVIDER=%s is all it takes',
  (llmProvider) => {
    const classifier = make({ llmProvider, llmBaseUrl: llmProvider === 'compatible' ? 'http://localhost:1/v1' : null });
    expect(classifier.version).toContain('a-model');
  },
);

test('a remote provider is told from a server of this machine or network', () => {
  const near = [
    'http://localhost:1/v1',
    'http://127.0.0.1/v1',
    'http://[::1]/v1',
    'http://ollama:11434/v1',
    'http://10.1.2.3/',
  ];
  const far = ['https://api.openai.com/v1', 'http://8.8.8.8/v1', 'https://[2001:db8::1]/v1', 'http://172.32.0.1/'];
  expect(near.filter(isRemote)).toEqual([]);
  expect(far.filter((url) => !isRemote(url))).toEqual([]);
});

test('one limit covers the whole call: a slow first byte is not limited below LLM_TIMEOUT_SECONDS (M4)', () => {
  for (const seconds of [10, 60, 120, 600])
    expect(modelCallBounds(seconds)).toEqual({
      connectMs: 5_000,
      wholeMs: seconds * 1_000,
      maxReplyBytes: 256 * 1_024,
    });
});
