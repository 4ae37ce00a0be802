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

  it('warn of a queue whose name is nearly a known one', () => {
    expect(warned({ WORKER_QUEUES: 'clasification,default' })).toEqual([
      'WORKER_QUEUES names "clasification". Did you mean "classification"?',
    ]);
    expect(warned({ WORKER_QUEUES: 'celery2', QUEUE_NAME: 'celery2' })).toEqual([]);
    expect(warned({ WORKER_QUEUES: 'reports' })).toEqual([]);
  });
});
