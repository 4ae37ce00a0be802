import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  celeryBrokerUrl,
  celeryResultUrl,
  llmModel,
  logFormat,
  postgresUrl,
  redisUrl,
  softTaskTimeoutSeconds,
  usesLlm,
} from '../../../src/config/derived.ts';
import { loadConfig } from '../../../src/config/load.ts';

const config = (environment: Record<string, string> = {}) => loadConfig(environment, '').config;

describe('addresses', () => {
  it('are null where nothing is set: the servers are embedded', () => {
    const nothing = config();
    expect([redisUrl, celeryBrokerUrl, celeryResultUrl, postgresUrl].map((of) => of(nothing))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('of Redis and of Celery are made from REDIS_HOST and its companions, as the API of the original system reads them (S5)', () => {
    expect(redisUrl(config({ REDIS_HOST: 'redis' }))).toBe('redis://redis:6379/0');
    const parts = { REDIS_HOST: '10.0.0.5', REDIS_PORT: '6380', REDIS_PASSWORD: 'a/b#c@d', REDIS_DB: '3' };
    const given = config(parts);
    expect([redisUrl, celeryBrokerUrl, celeryResultUrl].map((of) => of(given))).toEqual(
      Array(3).fill('redis://:a%2Fb%23c%40d@10.0.0.5:6380/3'),
    );
    expect(redisUrl(config({ ...parts, REDIS_USERNAME: 'vambe' }))).toMatch(/^redis:\/\/vambe:a/);
    expect(redisUrl(config({ ...parts, REDIS_URL: 'redis://other:1/2' }))).toBe('redis://other:1/2');
    expect(redisUrl(config({ REDIS_HOST: '::1' }))).toBe('redis://[::1]:6379/0');
    expect(celeryBrokerUrl(config({ REDIS_HOST: 'redis', CELERY_BROKER_URL: 'redis://redis/1' }))).toBe(
      'redis://redis/1',
    );
  });

  it('of Redis takes its port from what Kubernetes writes for a service named redis (S5)', () => {
    expect(redisUrl(config({ REDIS_HOST: 'redis', REDIS_PORT: 'tcp://10.3.0.9:6390' }))).toBe('redis://redis:6390/0');
    expect(redisUrl(config({ REDIS_URL: 'redis://a/0', REDIS_PORT: 'tcp://10.3.0.9:6379' }))).toBe('redis://a/0');
  });

  it('of Celery are that of Redis unless they are set', () => {
    const one = config({ REDIS_URL: 'redis://a/0' });
    expect([celeryBrokerUrl(one), celeryResultUrl(one)]).toEqual(['redis://a/0', 'redis://a/0']);
    const three = config({
      REDIS_URL: 'redis://a/0',
      CELERY_BROKER_URL: 'redis://a/1',
      CELERY_RESULT_BACKEND: 'redis://a/2',
    });
    expect([redisUrl(three), celeryBrokerUrl(three), celeryResultUrl(three)]).toEqual([
      'redis://a/0',
      'redis://a/1',
      'redis://a/2',
    ]);
  });

  it('of the database are DATABASE_URL before POSTGRES_*', () => {
    expect(postgresUrl(config({ DATABASE_URL: 'postgres://a/b', POSTGRES_HOST: 'c' }))).toBe('postgres://a/b');
    expect(postgresUrl(config({ POSTGRES_HOST: 'db' }))).toBe('postgres://postgres@db:5432/vambe_db');
    expect(postgresUrl(config({ POSTGRES_HOST: '::1', POSTGRES_PORT: '5433' }))).toBe(
      'postgres://postgres@[::1]:5433/vambe_db',
    );
    expect(postgresUrl(config({ POSTGRES_HOST: '/run/pg' }))).toBe('postgres://postgres@%2Frun%2Fpg:5432/vambe_db');
  });

  it('hold any user, password and database name unharmed', () => {
    const word = fc.stringMatching(/^[!-~ñü€]([ -~ñü€]{0,20}[!-~ñü€])?$/);
    fc.assert(
      // A database called ".." would be taken for a folder by any URL parser.
      fc.property(
        word,
        word,
        word.filter((each) => !/^\.+$/.test(each)),
        (user, password, database) => {
          const names = { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database };
          const url = new URL(postgresUrl(config({ POSTGRES_HOST: 'db', ...names })) ?? '');
          expect(url.host).toBe('db:5432');
          expect([url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent)).toEqual([
            user,
            password,
            database,
          ]);
        },
      ),
    );
  });
});

describe('time limits', () => {
  it.each([
    [300, 240],
    [120, 60],
    [60, 30],
    [1, 0.5],
  ])('of %d s ask an attempt to stop after %d s', (limit, soft) => {
    expect(softTaskTimeoutSeconds(config({ TASK_TIMEOUT: String(limit) }))).toBe(soft);
  });
});

describe('the classifier', () => {
  it('auto is the LLM where a key or a server is set', () => {
    expect(usesLlm(config())).toBe(false);
    expect(usesLlm(config({ OPENAI_API_KEY: 'k' }))).toBe(true);
    expect(usesLlm(config({ LLM_BASE_URL: 'http://localhost:8000/v1' }))).toBe(true);
    expect(usesLlm(config({ OPENAI_API_KEY: 'k', CLASSIFIER: 'offline' }))).toBe(false);
  });

  it('asks LLM_MODEL before OPENAI_MODEL', () => {
    expect(llmModel(config())).toBe('gpt-6-luna');
    expect(llmModel(config({ OPENAI_MODEL: 'a' }))).toBe('a');
    expect(llmModel(config({ OPENAI_MODEL: 'a', LLM_MODEL: 'b' }))).toBe('b');
  });
});

describe('log lines', () => {
  it('are pretty on a terminal and JSON elsewhere, unless LOG_FORMAT says so', () => {
    expect([logFormat(config(), true), logFormat(config(), false)]).toEqual(['pretty', 'json']);
    expect(logFormat(config({ LOG_FORMAT: 'JSON' }), true)).toBe('json');
  });
});
