import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../../src/core/clock.ts';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import {
  createClassifierFromSettings,
  isRemote,
  type LlmSettings,
} from '../../../../../src/services/classification/llm/from-settings.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');

const make = (settings: Partial<LlmSettings> = {}) =>
  createClassifierFromSettings({
    settings: {
      llmProvider: 'openai',
      llmBaseUrl: null,
      llmTimeoutSeconds: 60,
      llmRedact: 'auto',
      llmMaxConcurrency: null,
      llmBudgetUsdPerDay: null,
      llmPricesFile: null,
      workerConcurrency: 20,
      classifierFallback: 'none',
      ...settings,
    },
    model: 'a-model',
    apiKey: null,
    taxonomy,
    clock: systemClock,
  });

test('what changes an answer is in the version: prompt, model, taxonomy, and whether personal data was masked', () => {
  expect(make().version).toBe(`llm-p1/a-model/${taxonomy.version}/redacted`);
  expect(make({ llmRedact: 'off' }).version).toBe(`llm-p1/a-model/${taxonomy.version}`);
  expect(make({ llmBaseUrl: 'http://localhost:11434/v1' }).version).not.toContain('redacted');
  expect(make({ llmBaseUrl: 'http://localhost:11434/v1', llmRedact: 'on' }).version).toContain('redacted');
});

test.each([
  [{ llmProvider: 'anthropic' }, 'LLM_PROVIDER=anthropic'],
  [{ llmProvider: 'google' }, 'LLM_PROVIDER=google'],
  [{ llmBudgetUsdPerDay: 25 }, 'LLM_BUDGET_USD_PER_DAY'],
  [{ llmPricesFile: 'prices.yaml' }, 'LLM_PRICES_FILE'],
] as const)('what this version does not have is refused, not passed over: %j', (settings, named) => {
  expect(() => make(settings)).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining(named) }),
  );
});

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
