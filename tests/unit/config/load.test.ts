import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Environment, loadConfig } from '../../../src/config/load.ts';
import { type SettingKey, settingKeys, settings } from '../../../src/config/schema.ts';
import { AppError } from '../../../src/core/errors.ts';

/** The error that these settings end in; the test fails when they are accepted. */
function faultOf(environment: Environment, envFile = ''): AppError {
  try {
    loadConfig(environment, envFile);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(environment)}`);
}

/** A wrong value of every setting: the type refuses this file when one is added to the table and forgotten here. */
const wrongValues: Record<SettingKey, string> = {
  redisUrl: 'localhost:6379',
  redisHost: 'user@redis',
  redisPort: '65536',
  redisUsername: 'two\nlines',
  redisPassword: 'two\nlines',
  redisDb: '-1',
  databaseUrl: 'mysql://localhost/vambe',
  postgresHost: 'user@db',
  postgresPort: '65536',
  postgresDb: 'two\nlines',
  postgresUser: 'two\nlines',
  postgresPassword: 'two\nlines',
  pgSslMode: 'yes',
  pgSslRootCert: 'two\nlines',
  postgresPrepared: 'yes',
  dataDir: 'a\u0000b',
  broker: 'docker',
  workerConcurrency: '0',
  workerQueues: 'celery,two words',
  queueName: 'two words',
  workerHostname: 'worker',
  taskTimeoutSeconds: '5m',
  maxRetries: '-1',
  retryDelaySeconds: '1e3',
  jobRetentionDays: '0',
  celeryBrokerUrl: 'amqp://guest@localhost//',
  celeryResultBackend: 'db+postgresql://localhost/x',
  celeryControl: 'off',
  classifier: 'gpt',
  classifierFallback: 'wait',
  taxonomyFile: 'a\u0007',
  labelsWithoutValue: 'empty',
  llmProvider: 'mistral',
  llmModel: 'two\nlines',
  openaiModel: 'two\nlines',
  llmApiKey: 'two\nlines',
  openaiApiKey: 'two\nlines',
  llmBaseUrl: 'localhost:11434',
  openaiBaseUrl: 'gateway.example.com',
  openaiApiBase: 'gateway.example.com',
  anthropicApiKey: 'two\nlines',
  anthropicBaseUrl: 'gateway.example.com',
  googleApiKey: 'two\nlines',
  geminiApiKey: 'two\nlines',
  googleBaseUrl: 'gateway.example.com',
  azureApiKey: 'two\nlines',
  azureEndpoint: 'name.openai.azure.com',
  openaiApiVersion: 'two\nlines',
  ollamaHost: 'user@host',
  llmTimeoutSeconds: '601',
  llmExtraBody: '{"model":"another"}',
  httpsProxy: 'two\nlines',
  httpProxy: 'two\nlines',
  noProxy: 'two\nlines',
  llmRedact: 'true',
  llmMaxConcurrency: '0x10',
  llmBudgetUsdPerDay: '1,000',
  llmPricesFile: 'a\u0007',
  importTimezone: 'Chile/Santiago',
  port: 'three thousand',
  corsOrigin: 'two\nlines',
  apiBaseUrl: 'ftp://api.example.com',
  apiKeys: 'two\nlines',
  webhookSecret: 'two\nlines',
  webhookAllowedHosts: 'https://hooks.example.com/',
  nodeEnv: 'two\nlines',
  logLevel: 'loud',
  logFormat: 'xml',
  failpoints: 'two\nlines',
};

describe('a wrong value', () => {
  it.each(settingKeys.map((key) => [settings[key].name, key] as const))(
    'G9 of %s is named with what is expected',
    (name, key) => {
      const error = faultOf({ [name]: wrongValues[key] });
      expect(error.code).toBe('SETTINGS_INVALID');
      expect(error.exitCode).toBe(2);
      expect(error.message).toContain(`${name} must be ${settings[key].expected}, got `);
      expect(error.message).toMatch(/(Correct it|Did you mean|Check host).*[.?]$/);
    },
  );

  it('is shown, says where it stands and what unsetting it gives', () => {
    expect(faultOf({}, 'TASK_TIMEOUT=10s').message).toBe(
      'TASK_TIMEOUT (in .env) must be a whole number of seconds from 1 to 86400, got "10s". Correct it, or unset it for 300.',
    );
  });

  it('of a choice gets the nearest word', () => {
    expect(faultOf({ CLASSIFIER: 'ofline' }).message).toContain('got "ofline". Did you mean "offline"?');
  });

  it.each([
    ['1000', 'WORKER_CONCURRENCY', 1000],
    ['1', 'WORKER_CONCURRENCY', 1],
    ['0', 'MAX_RETRIES', 0],
    ['65535', 'POSTGRES_PORT', 65_535],
  ])('begins right beyond the range: %s is still a good %s', (given, name, expected) => {
    const key = settingKeys.find((each) => settings[each].name === name);
    expect(loadConfig({ [name]: given }, '').config[key ?? 'port']).toBe(expected);
  });

  it('that is long is cut', () => {
    expect(faultOf({ LOG_FORMAT: 'x'.repeat(10_000) }).message.length).toBeLessThan(300);
  });

  it('tells of the address that Kubernetes puts into POSTGRES_PORT', () => {
    expect(faultOf({ POSTGRES_PORT: 'tcp://10.0.0.1:5432' }).message).toContain('enableServiceLinks');
  });

  it('of an address tells how a password is written', () => {
    expect(faultOf({ REDIS_URL: 'redis://:pa#ss@host:6379/0' }).message).toContain('# as %23');
  });
});

describe('a TASK_TIMEOUT in milliseconds', () => {
  it.each([
    ['300000', 300],
    ['90000', 90],
    ['86400000', 86_400],
    ['120500', 121],
  ])('that can mean nothing else, %s, is %i s, with a warning (S5)', (given, seconds) => {
    const { config, warnings } = loadConfig({ TASK_TIMEOUT: given }, '');
    expect(config.taskTimeoutSeconds).toBe(seconds);
    expect(warnings).toContain(`TASK_TIMEOUT: ${given} is read as milliseconds, which is ${seconds} s. Write seconds.`);
  });

  it('is one of seconds where it may be one, and is refused where it is neither (S5)', () => {
    const { config, warnings } = loadConfig({ TASK_TIMEOUT: '86400' }, '');
    expect([config.taskTimeoutSeconds, warnings]).toEqual([86_400, []]);
    expect(faultOf({ TASK_TIMEOUT: '86400001' }).message).toMatch(/^TASK_TIMEOUT must be a whole number of seconds/);
  });
});

describe('several faults', () => {
  it('are reported together, one a line, and as a list', () => {
    const error = faultOf({ PORT: 'x', REDIS_ULR: 'redis://localhost' }, 'LOG_LEVEL=loud\n');
    expect(error.message.split('\n')).toHaveLength(4);
    expect(error.message).toMatch(/^3 settings are wrong:\n/);
    expect(error.details.faults).toEqual([
      expect.stringContaining('PORT must be'),
      expect.stringContaining('LOG_LEVEL (in .env) must be'),
      'REDIS_ULR is not a setting. Did you mean REDIS_URL? Rename it, or unset it.',
    ]);
  });

  it('leave contradictions out, as a value that could not be read would only seem to be missing', () => {
    expect(faultOf({ CELERY_BROKER_URL: 'redis://broker', REDIS_URL: 'nonsense' }).details.faults).toHaveLength(1);
  });
});

describe('where a value comes from', () => {
  it('is the environment before .env before the default', () => {
    const { config, origin } = loadConfig({ MAX_RETRIES: '5' }, 'MAX_RETRIES=6\nPORT=4000\n');
    expect(config).toMatchObject({ maxRetries: 5, port: 4000, taskTimeoutSeconds: 300 });
    expect(origin).toMatchObject({ maxRetries: 'environment', port: '.env', taskTimeoutSeconds: 'default' });
  });

  it('is the next place where it is empty or blank', () => {
    const { config, origin } = loadConfig({ MAX_RETRIES: '', PORT: '  ' }, 'MAX_RETRIES=6\nPORT=\n');
    expect([config.maxRetries, config.port]).toEqual([6, 3000]);
    expect([origin.maxRetries, origin.port]).toEqual(['.env', 'default']);
  });

  it('may be a .env file with a byte order mark, export, quotes and comments', () => {
    const file = '\uFEFFexport PORT=4000 # ours\r\n# MAX_RETRIES=9\r\nPOSTGRES_PASSWORD="p # w"\r\n';
    expect(loadConfig({}, file).config).toMatchObject({ port: 4000, maxRetries: 3, postgresPassword: 'p # w' });
  });

  it('is refused where a line of .env is none, and the other lines are still checked (V3)', () => {
    const error = faultOf({}, 'LOG_LEVEL=loud\nPOSTGRES_HOST: db');
    expect(error).toMatchObject({ code: 'SETTINGS_INVALID', exitCode: 2 });
    expect(error.details.faults).toEqual([
      expect.stringContaining('.env line 2 must be NAME=value'),
      expect.stringContaining('LOG_LEVEL (in .env) must be'),
    ]);
  });

  it('may be a password in .env that holds a # (O13)', () => {
    expect(loadConfig({}, 'POSTGRES_PASSWORD=abc#def').config.postgresPassword).toBe('abc#def');
  });
});

describe('a good environment', () => {
  it('of the Python worker is taken as it is', () => {
    const { config, warnings } = loadConfig(
      {
        REDIS_URL: 'redis://redis:6379/0',
        POSTGRES_HOST: 'db',
        POSTGRES_PORT: '5432',
        POSTGRES_DB: 'vambe_db',
        POSTGRES_USER: 'postgres',
        POSTGRES_PASSWORD: 'password',
        LOG_LEVEL: 'INFO',
      },
      '',
    );
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ redisUrl: 'redis://redis:6379/0', postgresHost: 'db', logLevel: 'info' });
  });

  it.each([['redis://localhost'], ['rediss://user:p%40ss@host:6380/15?family=6'], ['REDIS://[::1]:6379/']])(
    'may hold the Redis address %s',
    (url) => {
      expect(loadConfig({ REDIS_URL: url }, '').config.redisUrl).toBe(url);
    },
  );

  it.each([
    ['redis://'],
    ['redis:6379'],
    ['redis://host/queue'],
    ['redis://host:99999'],
    ['http://host:6379'],
    ['unix:///run/redis.sock'],
  ])('may not hold the Redis address %s', (url) => {
    expect(faultOf({ REDIS_URL: url }).message).toMatch(/^REDIS_URL must be/);
  });

  it.each([
    ['postgres://u:p@host/db', 'postgres://u:p@host/db'],
    ['postgresql://host:5433/db?sslmode=verify-full', 'postgresql://host:5433/db?sslmode=verify-full'],
    ['postgresql://u@/db?host=/run/postgresql', 'postgresql://u@/db?host=/run/postgresql'],
    ['postgresql+psycopg2://u:p@host/db', 'postgresql://u:p@host/db'],
  ])('may hold the database address %s', (given, read) => {
    expect(loadConfig({ DATABASE_URL: given }, '').config.databaseUrl).toBe(read);
  });

  it('lists queues without blanks and repetitions', () => {
    const { config } = loadConfig({ WORKER_QUEUES: ' celery, default,,celery ' }, '');
    expect(config.workerQueues).toEqual(['celery', 'default']);
  });

  it('takes the names that Python has for log levels', () => {
    expect(loadConfig({ LOG_LEVEL: 'WARNING' }, '').config.logLevel).toBe('warn');
    expect(loadConfig({ LOG_LEVEL: 'CRITICAL' }, '').config.logLevel).toBe('error');
  });
});

describe('the result', () => {
  it('is frozen, lists included', () => {
    const { config } = loadConfig({ WEBHOOK_ALLOWED_HOSTS: 'a,b' }, '');
    expect([config, config.workerQueues, config.webhookAllowedHosts].every(Object.isFrozen)).toBe(true);
  });

  it('has every setting, at its default where nothing is set', () => {
    const { config, origin, warnings } = loadConfig({}, '');
    expect(config).toEqual(Object.fromEntries(settingKeys.map((key) => [key, settings[key].default])));
    expect(new Set(Object.values(origin))).toEqual(new Set(['default']));
    expect(warnings).toEqual([]);
  });
});

describe('for any environment whatever', () => {
  const names = settingKeys.map((key) => settings[key].name);
  const name = fc.oneof(
    fc.constantFrom(...names, ...names.map((each) => each.slice(1)), 'REDIS_PASSWORD', '__proto__', 'toString'),
    fc.string(),
  );
  const value = fc.oneof(
    fc.constantFrom('', '0', '-1', '9'.repeat(400), 'redis://', 'postgres://u:p@/', 'http://[', 'tcp://1', '://', 'on'),
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
  );
  const environments = fc.dictionary(name, fc.option(value, { nil: undefined }), { maxKeys: 12 });

  it('loading either succeeds or ends in SETTINGS_INVALID', () => {
    fc.assert(
      fc.property(environments, fc.string({ unit: 'binary' }), (environment, envFile) => {
        try {
          expect(Object.keys(loadConfig(environment, envFile).config)).toEqual([...settingKeys]);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          expect(error.code).toBe('SETTINGS_INVALID');
          expect(error.message).not.toContain('undefined');
        }
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  it('no secret and no password of an address stands in the error', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9#/?%:[\]]{16,40}$/).map((each) => `Zq${each}`);
    const holders = {
      ...Object.fromEntries(
        settingKeys.filter((key) => settings[key].isSecret).map((key) => [settings[key].name, '\u0001']),
      ),
      REDIS_URL: 'redis://u:',
      CELERY_BROKER_URL: 'amqp://u:',
      DATABASE_URL: 'postgres:/u:',
      LLM_BASE_URL: 'http//u:',
      REDIS_ULR: 'redis://u:',
    };
    fc.assert(
      fc.property(secret, (word) => {
        const environment = Object.fromEntries(
          Object.entries(holders).map(([holder, before]) => [
            holder,
            `${before}${word}${before === '\u0001' ? '\u0001' : '@host/x'}`,
          ]),
        );
        const error = faultOf(environment);
        expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain(word.slice(0, 12));
      }),
    );
  });
});
