import { describe, expect, it } from 'vitest';
import { usesLlm } from '../../../src/config/derived.ts';
import { describeLlmAccess, llmAccess, unusedProviderHint } from '../../../src/config/llm-access.ts';
import { loadConfig } from '../../../src/config/load.ts';

const config = (environment: Record<string, string> = {}) => loadConfig(environment, '').config;
const access = (environment: Record<string, string>) => llmAccess(config(environment));

describe("the names of the providers' own libraries", () => {
  it.each(['OPENAI_BASE_URL', 'OPENAI_API_BASE'])('%s is where transcripts go, with or without a key (S4)', (name) => {
    const gateway = 'https://gateway.example.com/v1';
    expect(access({ [name]: gateway, OPENAI_API_KEY: 'k' })).toEqual({
      provider: 'openai',
      baseUrl: gateway,
      baseUrlFrom: name,
      apiKey: 'k',
      apiKeyFrom: 'OPENAI_API_KEY',
    });
    expect(usesLlm(config({ [name]: gateway }))).toBe(true);
    expect(access({ [name]: gateway, LLM_PROVIDER: 'compatible' }).baseUrl).toBe(gateway);
  });

  it('OPENAI_BASE_URL wins over its old name, and LLM_* over both (S4)', () => {
    const both = { OPENAI_API_BASE: 'https://old.example.com', OPENAI_BASE_URL: 'https://new.example.com' };
    expect(access(both).baseUrl).toBe('https://new.example.com');
    const all = { ...both, LLM_BASE_URL: 'https://llm.example.com', LLM_API_KEY: 'mine', OPENAI_API_KEY: 'theirs' };
    expect(access(all)).toMatchObject({
      baseUrl: 'https://llm.example.com',
      baseUrlFrom: 'LLM_BASE_URL',
      apiKey: 'mine',
      apiKeyFrom: 'LLM_API_KEY',
    });
  });

  it.each([
    ['anthropic', 'ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'],
    ['google', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL'],
    ['google', 'GEMINI_API_KEY', 'GOOGLE_GEMINI_BASE_URL'],
  ])('of %s are read where LLM_PROVIDER says so: %s, %s (S4)', (provider, keyName, addressName) => {
    const environment = { [keyName]: 'k', [addressName]: 'https://gateway.example.com', LLM_MODEL: 'm' };
    expect(access({ ...environment, LLM_PROVIDER: provider })).toEqual({
      provider,
      baseUrl: 'https://gateway.example.com',
      baseUrlFrom: addressName,
      apiKey: 'k',
      apiKeyFrom: keyName,
    });
    expect(usesLlm(config(environment))).toBe(false);
  });

  it('never give a key to another provider than its own (S4)', () => {
    const keys = { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', GEMINI_API_KEY: 'g', AZURE_OPENAI_API_KEY: 'z' };
    const keyOf = (provider: string) =>
      access({
        ...keys,
        LLM_PROVIDER: provider,
        LLM_MODEL: 'm',
        AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com',
      }).apiKey;
    expect(['openai', 'anthropic', 'google', 'azure', 'ollama'].map(keyOf)).toEqual(['o', 'a', 'g', 'z', null]);
  });

  it.each([
    ['https://name.openai.azure.com/', 'https://name.openai.azure.com/openai/v1'],
    ['https://name.openai.azure.com/openai/v1/', 'https://name.openai.azure.com/openai/v1'],
    [
      'https://name.openai.azure.com/openai/deployments/d/chat/completions?api-version=1',
      'https://name.openai.azure.com/openai/v1',
    ],
    ['https://apim.example.com/team', 'https://apim.example.com/team/openai/v1'],
  ])('AZURE_OPENAI_ENDPOINT %s is called at %s (S4)', (endpoint, expected) => {
    const azure = { LLM_PROVIDER: 'azure', LLM_MODEL: 'd', AZURE_OPENAI_ENDPOINT: endpoint, AZURE_OPENAI_API_KEY: 'k' };
    expect(access(azure)).toMatchObject({ baseUrl: expected, baseUrlFrom: 'AZURE_OPENAI_ENDPOINT', apiKey: 'k' });
  });

  it.each([
    ['127.0.0.1:11434', 'http://127.0.0.1:11434/v1'],
    ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
    [':8080', 'http://127.0.0.1:8080/v1'],
    ['gpu-box', 'http://gpu-box:11434/v1'],
    ['[::1]:11434', 'http://[::1]:11434/v1'],
    ['https://ollama.example.com/', 'https://ollama.example.com/v1'],
    ['http://gpu-box:11434/v1', 'http://gpu-box:11434/v1'],
    ['', 'http://127.0.0.1:11434/v1'],
  ])('OLLAMA_HOST %s is called at %s (S4)', (host, expected) => {
    expect(access({ LLM_PROVIDER: 'ollama', LLM_MODEL: 'm', OLLAMA_HOST: host })).toMatchObject({
      baseUrl: expected,
      apiKey: null,
    });
    expect(usesLlm(config({ LLM_PROVIDER: 'ollama', LLM_MODEL: 'm', OLLAMA_HOST: host }))).toBe(true);
  });
});

describe('a name that is not used', () => {
  it.each([
    ['ANTHROPIC_API_KEY', 'k', 'LLM_PROVIDER=anthropic'],
    ['GEMINI_API_KEY', 'k', 'LLM_PROVIDER=google'],
    ['AZURE_OPENAI_ENDPOINT', 'https://x.openai.azure.com', 'LLM_PROVIDER=azure'],
    ['OLLAMA_HOST', 'gpu-box', 'LLM_PROVIDER=ollama'],
  ])('%s alone sends nothing, and one sentence says how to use it (S4)', (name, value, remedy) => {
    const alone = config({ [name]: value });
    expect(usesLlm(alone)).toBe(false);
    expect(unusedProviderHint(alone)).toContain(`${name} is set, but LLM_PROVIDER is openai`);
    expect(unusedProviderHint(alone)).toContain(remedy);
  });

  it('is not spoken of where a model is asked, or none is wanted (S4)', () => {
    expect(unusedProviderHint(config({ ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o' }))).toBeUndefined();
    expect(unusedProviderHint(config({ ANTHROPIC_API_KEY: 'a', CLASSIFIER: 'offline' }))).toBeUndefined();
    expect(unusedProviderHint(config())).toBeUndefined();
  });
});

it('what is used is told by name, never by value (S4)', () => {
  const told = describeLlmAccess(access({ OPENAI_BASE_URL: 'https://gateway.example.com/v1', LLM_API_KEY: 'hidden' }));
  expect(told).toBe('openai, address from OPENAI_BASE_URL, key from LLM_API_KEY');
  expect(describeLlmAccess(access({ OPENAI_API_KEY: 'hidden' }))).toBe(
    "openai, the provider's public address, key from OPENAI_API_KEY",
  );
});
