/** docs/operations/models.md: the settings of each provider lead to the address in its row, and the test in its row is there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { llmModel } from '../../../src/config/derived.ts';
import { llmAccess } from '../../../src/config/llm-access.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { describeCall } from '../../../src/services/classification/model/from-settings.ts';

const page = 'docs/operations/models.md';
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => line.includes('conformance/') && line.startsWith('| '))
  .map((line) => {
    const [, provider = '', settings = '', address = '', test = ''] = line.split('|').map((cell) => cell.trim());
    const codes = [...settings.matchAll(/`(\w+)=([^`]+)`/g)].map(([, name = '', value = '']) => [name, value] as const);
    return { provider, settings: Object.fromEntries(codes), address, file: /\(([^)]+)\)/.exec(test)?.[1] ?? '' };
  });

function callOf(environment: Readonly<Record<string, string>>) {
  const { config } = loadConfig(environment, '');
  const { baseUrl, apiKey } = llmAccess(config);
  return describeCall({ ...config, llmBaseUrl: baseUrl }, llmModel(config), apiKey);
}

test.each(rows.map((row) => [row.provider, row] as const))(
  '%s is called at the address of its row, and its test exists (M10)',
  (_provider, { settings, address, file }) => {
    expect(`\`${callOf(settings).url}\``).toBe(address);
    expect(existsSync(path.join(path.dirname(page), file))).toBe(true);
  },
);

test('there is a row for each provider that people name (M10)', () => {
  const names = rows.map(({ provider }) => provider).join();
  for (const name of [
    'OpenAI',
    'Anthropic',
    'Gemini',
    'Azure, classic',
    'OpenRouter',
    'Groq',
    'DeepSeek',
    'Mistral',
    'Together',
    'Bedrock',
    'Vertex',
    'vLLM',
    'Ollama',
  ])
    expect(names).toContain(name);
});

test.each([
  [
    'LLM_BASE_URL',
    'https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1',
    '/openai/deployments/d/chat/completions?api-version=1',
  ],
  ['LLM_BASE_URL', 'https://x.openai.azure.com/?api-version=1', '/openai/deployments/d/chat/completions?api-version=1'],
  ['LLM_BASE_URL', 'https://x.openai.azure.com/openai/v1/', '/openai/v1/chat/completions'],
])('Azure at %s=%s keeps its query at the end, and gets its key as api-key (M10)', (name, address, expected) => {
  const { url, headers } = callOf({ LLM_PROVIDER: 'azure', LLM_MODEL: 'd', LLM_API_KEY: 'k', [name]: address });
  expect(url).toBe(`https://x.openai.azure.com${expected}`);
  expect(headers).toEqual({ 'api-key': 'k' });
});

test('a token of Entra ID goes to Azure as a bearer token (M10)', () => {
  const azure = { LLM_PROVIDER: 'azure', LLM_MODEL: 'd', LLM_BASE_URL: 'https://x.openai.azure.com/openai/v1' };
  expect(callOf({ ...azure, LLM_API_KEY: 'eyJhbGciOi.x.y' }).headers).toEqual({
    authorization: 'Bearer eyJhbGciOi.x.y',
  });
});
