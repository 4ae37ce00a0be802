import { describe, expect, it } from 'vitest';
import { unknownNames } from '../../../src/config/unknown-names.ts';

const set = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'x']));

describe('a name near one of ours', () => {
  it.each([
    ['REDIS_ULR', 'REDIS_URL'],
    ['REDIS_URI', 'REDIS_URL'],
    ['POSTGRES_PASSWROD', 'POSTGRES_PASSWORD'],
    ['WORKER_QUEUE', 'WORKER_QUEUES'],
    ['POSTGRES_DBN', 'POSTGRES_DB'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
    ['OPENAI_BASE_URI', 'OPENAI_BASE_URL'],
    ['ANTHROPIC_BASEURL', 'ANTHROPIC_BASE_URL'],
    ['TASK_TIMOUT', 'TASK_TIMEOUT'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['database_url', 'DATABASE_URL'],
  ])('%s is a fault that suggests %s', (name, meant) => {
    expect(unknownNames(set(name)).faults).toEqual([
      `${name} is not a setting. Did you mean ${meant}? Rename it, or unset it.`,
    ]);
  });

  it('is no matter while it is empty', () => {
    expect(unknownNames({ REDIS_ULR: '', REDIS_URI: undefined })).toEqual({ faults: [], warnings: [] });
  });
});

describe('a name with one of our prefixes', () => {
  it('is a warning, all of them in one sentence without values', () => {
    const names = [
      'REDIS_SENTINEL_MASTER',
      'POSTGRES_HOST_AUTH_METHOD',
      'POSTGRES_INITDB_ARGS',
      'CELERY_TIMEZONE',
      'VAMBE_X',
    ];
    const { faults, warnings } = unknownNames({ ...set(...names), LLM_TEMPERATURE: 'hidden' });
    expect(faults).toEqual([]);
    expect(warnings).toHaveLength(1);
    for (const name of [...names, 'LLM_TEMPERATURE']) expect(warnings[0]).toContain(name);
    expect(warnings[0]).not.toContain('hidden');
  });

  it.each([
    ...[
      'OPENAI_API_TYPE',
      'OPENAI_ORG_ID',
      'OPENAI_ORGANIZATION',
      'OPENAI_PROJECT_ID',
      'ANTHROPIC_AUTH_TOKEN',
      'ANTHROPIC_MODEL',
      'ANTHROPIC_API_KEYS',
      'GOOGLE_CLOUD_PROJECT',
      'GOOGLE_API_USE_MTLS',
      'GEMINI_API_KEYS',
      'GEMINI_MODEL',
      'OLLAMA_MODELS',
      'OLLAMA_PORT',
      'OLLAMA_DEBUG',
      'AZURE_OPENAI_DEPLOYMENT',
      'AZURE_OPENAI_API_VERSION',
      'AZURE_API_KEY',
      'XAI_API_KEY',
      'GROQ_API_KEY',
      'MISTRAL_API_KEY',
    ].map((name) => [name]),
    ['REDIS_HOST'],
    ['REDIS_PORT'],
    ['REDIS_TLS_URL'],
    ['REDIS_SERVICE_HOST'],
    ['POSTGRES_URL'],
    ['POSTGRES_TZ'],
    ['POSTGRES_NAME'],
    ['POSTGRES_PASSWORD_FILE'],
    ['CELERY_APP'],
  ])('%s of another program never stops a start', (name) => {
    expect(unknownNames(set(name)).faults).toEqual([]);
  });
});

describe('any other name', () => {
  it('is passed over, also where it is short and near', () => {
    const foreign = ['PATH', 'PWD', 'API_KEY', 'POST', 'DB_URL', 'NODE_OPTIONS', 'npm_config_cache', 'KUBERNETES_PORT'];
    expect(unknownNames(set(...foreign))).toEqual({ faults: [], warnings: [] });
  });

  it('is passed over where a widespread program uses it', () => {
    const widespread = set('APP_KEYS', 'APP_BASE_URL', 'TEST_TIMEOUT', 'LLAMA_API_KEY');
    expect(unknownNames(widespread)).toEqual({ faults: [], warnings: [] });
  });

  it('is ours in another case where the system does not tell cases apart', () => {
    expect(unknownNames({ Redis_Url: 'redis://a', REDIS_URL: 'redis://a' }).faults).toEqual([]);
  });
});

it.each(['ALL_PROXY', 'FTP_PROXY', 'ftp_proxy', 'https_proxy', 'no_proxy', 'RSYNC_PROXY'])(
  'is not said of %s, which belongs to all programs (M10)',
  (name) => {
    expect(unknownNames({ [name]: 'http://proxy:3128' })).toEqual({ faults: [], warnings: [] });
  },
);
