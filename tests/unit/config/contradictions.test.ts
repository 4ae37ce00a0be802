import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

const refused = (environment: Record<string, string>) => {
  try {
    loadConfig(environment, '');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return null;
};
const warned = (environment: Record<string, string>) => loadConfig(environment, '').warnings;

describe('settings that contradict each other', () => {
  it.each([['CELERY_BROKER_URL'], ['CELERY_RESULT_BACKEND']])(
    'refuse %s without REDIS_URL, which would split the work over two servers',
    (name) => {
      expect(refused({ [name]: 'redis://broker:6379/1' })).toMatch(`${name} is set but REDIS_URL is not`);
      expect(refused({ [name]: 'redis://broker:6379/1', REDIS_URL: 'redis://broker:6379/0' })).toBeNull();
    },
  );

  it('warn of parts of a Redis address without a host, and of two hosts (S5)', () => {
    expect(warned({ REDIS_PORT: '6380', REDIS_PASSWORD: 'secret' })).toEqual([
      expect.stringContaining('REDIS_PORT, REDIS_PASSWORD given without REDIS_HOST'),
    ]);
    expect(warned({ REDIS_HOST: 'redis', REDIS_PORT: '6380' })).toEqual([]);
    expect(warned({ REDIS_HOST: 'redis', REDIS_URL: 'redis://redis:6379/0' })).toEqual([]);
    expect(warned({ REDIS_HOST: 'redis', REDIS_URL: 'redis://other:6379/0' })).toEqual([
      'REDIS_URL and REDIS_HOST name different hosts; REDIS_URL is used.',
    ]);
  });

  it('refuse the LLM without a key or a server', () => {
    expect(refused({ CLASSIFIER: 'llm' })).toMatch('neither a key nor a server');
    for (const name of ['LLM_API_KEY', 'OPENAI_API_KEY'])
      expect(refused({ CLASSIFIER: 'llm', [name]: 'k' })).toBeNull();
    expect(refused({ CLASSIFIER: 'llm', LLM_BASE_URL: 'http://localhost:11434/v1' })).toBeNull();
  });

  it('refuse a compatible provider without its address, unless nobody would ask it', () => {
    expect(refused({ LLM_PROVIDER: 'compatible' })).toMatch('LLM_BASE_URL');
    expect(refused({ LLM_PROVIDER: 'compatible', CLASSIFIER: 'offline' })).toBeNull();
  });

  it('refuse a key without a provider beside the names of another provider: transcripts would go to a host that was not meant (S4)', () => {
    const azure = { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com' };
    expect(refused({ LLM_API_KEY: 'k', ...azure })).toMatch('Set LLM_PROVIDER=azure');
    expect(refused({ OPENAI_API_KEY: 'k', ...azure })).toMatch('would go to api.openai.com');
    expect(refused({ LLM_API_KEY: 'k', ANTHROPIC_BASE_URL: 'https://a.example.com' })).toMatch(
      'LLM_PROVIDER=anthropic',
    );
    expect(refused({ LLM_API_KEY: 'k', LLM_PROVIDER: 'openai', ...azure })).toBeNull();
    expect(refused({ LLM_API_KEY: 'k', OPENAI_BASE_URL: 'https://g.example.com/v1', ...azure })).toBeNull();
    expect(refused({ OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'a', GEMINI_API_KEY: 'g' })).toBeNull();
    expect(refused({ LLM_API_KEY: 'k', CLASSIFIER: 'offline', ...azure })).toBeNull();
  });

  it('refuse Azure without its endpoint, and providers of which no model is named (S4)', () => {
    expect(refused({ LLM_PROVIDER: 'azure', AZURE_OPENAI_API_KEY: 'k' })).toMatch('AZURE_OPENAI_ENDPOINT');
    expect(refused({ LLM_PROVIDER: 'ollama' })).toMatch('LLM_MODEL is not set');
    expect(refused({ LLM_PROVIDER: 'anthropic', ANTHROPIC_API_KEY: 'k' })).toMatch('LLM_MODEL is not set');
    expect(refused({ CLASSIFIER: 'llm', GEMINI_API_KEY: 'k' })).toMatch('Set LLM_PROVIDER=google');
  });

  it('refuse failpoints in production', () => {
    expect(refused({ FAILPOINTS: 'x=throw', NODE_ENV: 'production' })).toMatch('FAILPOINTS');
    expect(refused({ FAILPOINTS: 'x=throw', NODE_ENV: 'test' })).toBeNull();
  });
});

describe('settings that are probably not meant so', () => {
  it('warn of a database described without its host', () => {
    expect(warned({ POSTGRES_USER: 'me', POSTGRES_PASSWORD: 'hidden' })).toEqual([
      'POSTGRES_USER, POSTGRES_PASSWORD given without POSTGRES_HOST: the embedded PostgreSQL is used. Set POSTGRES_HOST to use a real one.',
    ]);
    expect(warned({ POSTGRES_USER: 'me', POSTGRES_HOST: 'db' })).toEqual([]);
    expect(warned({ POSTGRES_USER: 'me', DATABASE_URL: 'postgres://db/x' })).toEqual([]);
  });

  it('warn of calls that take longer than an attempt may (M4)', () => {
    const key = { OPENAI_API_KEY: 'k' };
    expect(warned(key)).toEqual([]);
    expect(warned({ ...key, LLM_TIMEOUT_SECONDS: '300' })).toEqual([expect.stringContaining('TASK_TIMEOUT to 360')]);
    expect(warned({ ...key, TASK_TIMEOUT: '100' })).toEqual([expect.stringContaining('stop after 50 s')]);
    expect(warned({ LLM_TIMEOUT_SECONDS: '300' })).toEqual([]);
  });

  it('warn of a version of the Azure API that is not used (S4)', () => {
    const azure = { LLM_PROVIDER: 'azure', LLM_MODEL: 'd', AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com' };
    expect(warned({ ...azure, OPENAI_API_VERSION: '2024-10-21' })).toEqual([
      expect.stringContaining('OPENAI_API_VERSION'),
    ]);
  });

  it('warn of a queue whose name is nearly a known one', () => {
    expect(warned({ WORKER_QUEUES: 'clasification,default' })).toEqual([
      'WORKER_QUEUES names "clasification". Did you mean "classification"?',
    ]);
    expect(warned({ WORKER_QUEUES: 'celery2', QUEUE_NAME: 'celery2' })).toEqual([]);
    expect(warned({ WORKER_QUEUES: 'reports' })).toEqual([]);
  });
});
