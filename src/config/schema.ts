/** Every setting, once: name, kind, default, range, unit, meaning. `Config`, `.env.example` and `vambe config` come from here. */

import { defaultModel } from './default-model.ts';
import {
  amount,
  choice,
  listOf,
  matching,
  postgresAddress,
  redisAddress,
  requestEntries,
  secondsOrMs,
  servicePort,
  text,
  timeZone,
  webAddress,
  wholeNumber,
} from './kinds.ts';
import { nodeNamePattern } from './node-name.ts';
import { providerSettings } from './provider-settings.ts';
import { optional, setting } from './setting.ts';

const queueName = /^[A-Za-z0-9_.-]{1,100}$/;
const hostName = /^[A-Za-z0-9*.:[\]-]{1,255}$/;

export const settings = {
  redisUrl: optional('REDIS_URL', redisAddress, {
    group: 'servers',
    unset: 'an embedded Valkey on this machine',
    example: 'redis://localhost:6379/0',
    meaning: 'Redis or Valkey that holds the queues and the published results',
  }),
  redisHost: optional('REDIS_HOST', matching(/^[^\s@/?#]{1,255}$/, 'a host name or an IP address'), {
    group: 'servers',
    unset: 'REDIS_URL, else an embedded Valkey on this machine',
    example: 'localhost',
    meaning: 'Host of Redis, where REDIS_URL is not set',
  }),
  redisPort: setting('REDIS_PORT', servicePort, {
    group: 'servers',
    default: 6379,
    meaning: 'Port of Redis at REDIS_HOST',
  }),
  redisUsername: optional('REDIS_USERNAME', text, {
    group: 'servers',
    unset: 'none',
    example: 'vambe',
    meaning: 'User of Redis at REDIS_HOST',
  }),
  redisPassword: optional('REDIS_PASSWORD', text, {
    group: 'servers',
    unset: 'no password is sent',
    example: 'password',
    isSecret: true,
    meaning: 'Password of Redis at REDIS_HOST',
  }),
  redisDb: setting('REDIS_DB', wholeNumber({ min: 0, max: 9_999 }), {
    group: 'servers',
    default: 0,
    meaning: 'Database of Redis at REDIS_HOST',
  }),
  databaseUrl: optional('DATABASE_URL', postgresAddress, {
    group: 'servers',
    unset: 'POSTGRES_HOST and its companions, else an embedded PostgreSQL on this machine',
    example: 'postgres://postgres:password@localhost:5432/vambe_db',
    meaning: 'PostgreSQL database of meetings and jobs; wins over POSTGRES_*',
  }),
  postgresHost: optional(
    'POSTGRES_HOST',
    matching(/^[^\s@?#]{1,255}$/, 'a host name, an IP address or a socket folder'),
    {
      group: 'servers',
      unset: 'DATABASE_URL, else an embedded PostgreSQL on this machine',
      example: 'localhost',
      meaning: 'Host of PostgreSQL, where DATABASE_URL is not used',
    },
  ),
  postgresPort: setting('POSTGRES_PORT', wholeNumber({ min: 1, max: 65_535 }), {
    group: 'servers',
    default: 5432,
    meaning: 'Port of PostgreSQL',
  }),
  postgresDb: setting('POSTGRES_DB', text, {
    group: 'servers',
    default: 'vambe_db',
    meaning: 'Name of the database',
  }),
  postgresUser: setting('POSTGRES_USER', text, {
    group: 'servers',
    default: 'postgres',
    meaning: 'User of the database',
  }),
  postgresPassword: optional('POSTGRES_PASSWORD', text, {
    group: 'servers',
    unset: 'no password is sent',
    example: 'password',
    isSecret: true,
    meaning: 'Password of that user',
  }),
  pgSslMode: optional('PGSSLMODE', choice(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']), {
    group: 'servers',
    unset: 'the sslmode of DATABASE_URL, else disable',
    example: 'verify-full',
    meaning: "TLS to PostgreSQL, as libpq's sslmode; where the address has no sslmode of its own",
  }),
  pgSslRootCert: optional('PGSSLROOTCERT', text, {
    group: 'servers',
    unset: 'the authorities that Node.js trusts, and NODE_EXTRA_CA_CERTS',
    example: '/etc/ssl/company-ca.pem',
    meaning: 'File with the certificate authority of PostgreSQL; where the address has no sslrootcert',
  }),
  postgresPrepared: setting('POSTGRES_PREPARED', choice(['auto', 'on', 'off']), {
    group: 'servers',
    default: 'auto',
    meaning: 'Named prepared statements: auto is off where a pooler such as PgBouncer is in between, else on',
  }),
  dataDir: setting('VAMBE_DATA_DIR', text, {
    group: 'servers',
    default: '.vambe',
    meaning: 'Folder of the embedded servers',
  }),
  broker: setting('VAMBE_BROKER', choice(['wasm', 'system']), {
    group: 'servers',
    default: 'wasm',
    meaning: 'Embedded broker: Valkey in WebAssembly, or the redis-server installed on this machine (system)',
  }),

  workerConcurrency: setting('WORKER_CONCURRENCY', wholeNumber({ min: 1, max: 1000, unit: 'jobs' }), {
    group: 'worker',
    default: 20,
    meaning: 'Jobs that one worker process runs at a time',
  }),
  workerQueues: setting('WORKER_QUEUES', listOf('names of queues', queueName), {
    group: 'worker',
    default: ['vambe_tasks', 'celery', 'classification', 'default'],
    meaning: 'Queues to take work from: Celery lists, and our own queues of those names',
  }),
  queueName: optional(
    'QUEUE_NAME',
    matching(queueName, 'the name of a queue: letters, digits, dot, dash, underscore'),
    {
      group: 'worker',
      unset: 'none',
      example: 'vambe_tasks',
      meaning: 'One more Celery list to take work from',
    },
  ),
  workerHostname: setting('WORKER_HOSTNAME', matching(nodeNamePattern, 'a node name such as worker@%h'), {
    group: 'worker',
    default: 'worker@%h',
    meaning: 'Node name shown to Celery tools; %h is the name of this machine',
  }),
  taskTimeoutSeconds: setting('TASK_TIMEOUT', secondsOrMs({ max: 86_400 }), {
    group: 'worker',
    default: 300,
    meaning: 'Time one attempt may take; it is asked to stop 60 s before',
  }),
  maxRetries: setting('MAX_RETRIES', wholeNumber({ min: 0, max: 100, unit: 'retries' }), {
    group: 'worker',
    default: 3,
    meaning: 'Further attempts after the first one failed for a reason that may pass',
  }),
  retryDelaySeconds: setting('RETRY_DELAY_SECONDS', wholeNumber({ min: 0, max: 86_400, unit: 'seconds' }), {
    group: 'worker',
    default: 60,
    meaning: 'Pause before such an attempt',
  }),
  jobRetentionDays: setting('JOB_RETENTION_DAYS', wholeNumber({ min: 1, max: 3650, unit: 'days' }), {
    group: 'worker',
    default: 30,
    meaning: 'How long the history of ended jobs and model calls is kept',
  }),

  celeryBrokerUrl: optional('CELERY_BROKER_URL', redisAddress, {
    group: 'celery',
    unset: 'REDIS_URL',
    example: 'redis://localhost:6379/0',
    meaning: 'Redis that Celery producers send to',
  }),
  celeryResultBackend: optional('CELERY_RESULT_BACKEND', redisAddress, {
    group: 'celery',
    unset: 'REDIS_URL',
    example: 'redis://localhost:6379/0',
    meaning: 'Redis that Celery clients read results from',
  }),
  celeryControl: setting('CELERY_CONTROL', choice(['on', 'inspect-only']), {
    group: 'celery',
    default: 'on',
    meaning: 'Remote control by Celery tools: all of it, or questions alone (inspect-only)',
  }),

  classifier: setting('CLASSIFIER', choice(['auto', 'llm', 'offline']), {
    group: 'classification',
    default: 'auto',
    meaning: 'Who reads the transcripts: auto is llm where a key or base URL is set, else offline',
  }),
  classifierFallback: setting('CLASSIFIER_FALLBACK', choice(['none', 'offline']), {
    group: 'classification',
    default: 'none',
    meaning: 'What happens when the LLM stays unavailable: wait and fail, or classify offline and mark for review',
  }),
  taxonomyFile: optional('TAXONOMY_FILE', text, {
    group: 'classification',
    unset: 'the taxonomy that comes with the program',
    example: 'taxonomies/sales-meeting.yaml',
    meaning: 'Taxonomy of your own, as YAML',
  }),
  labelsWithoutValue: setting('LABELS_WITHOUT_VALUE', choice(['auto', 'null', 'blank']), {
    group: 'classification',
    default: 'auto',
    meaning:
      'What text columns hold for a label without a value: auto is blank where the API made the table, else null',
  }),
  llmProvider: setting('LLM_PROVIDER', choice(['openai', 'anthropic', 'google', 'azure', 'ollama', 'compatible']), {
    group: 'classification',
    default: 'openai',
    meaning: 'Provider of the LLM; compatible is any server that speaks the OpenAI API, at LLM_BASE_URL',
  }),
  llmModel: optional('LLM_MODEL', text, {
    group: 'classification',
    unset: 'OPENAI_MODEL',
    example: defaultModel,
    meaning: 'Model to ask; wins over OPENAI_MODEL',
  }),
  openaiModel: setting('OPENAI_MODEL', text, {
    group: 'classification',
    default: defaultModel,
    meaning: 'Model to ask, under the name that older environments use',
  }),
  llmApiKey: optional('LLM_API_KEY', text, {
    group: 'classification',
    unset: "the key under the provider's own name",
    example: 'your-key',
    isSecret: true,
    meaning: "The provider's key; wins over OPENAI_API_KEY and the other providers' names",
  }),
  openaiApiKey: optional('OPENAI_API_KEY', text, {
    group: 'classification',
    unset: 'none',
    example: 'your-key',
    isSecret: true,
    meaning: 'Key of OpenAI or of a server that speaks its API, as their libraries name it',
  }),
  llmBaseUrl: optional('LLM_BASE_URL', webAddress, {
    group: 'classification',
    unset: "the address under the provider's own name, else the provider's public one",
    example: 'http://localhost:11434/v1',
    meaning: 'Address that transcripts are sent to, such as that of a gateway, Ollama or vLLM',
  }),
  ...providerSettings,
  llmTimeoutSeconds: setting('LLM_TIMEOUT_SECONDS', wholeNumber({ min: 1, max: 600, unit: 'seconds' }), {
    group: 'classification',
    default: 120,
    meaning: 'Time one call to the LLM may take, from the connection to the end of its reply',
  }),
  llmExtraBody: optional('LLM_EXTRA_BODY', requestEntries, {
    group: 'classification',
    unset: 'nothing',
    example: '{"reasoning_effort":"low"}',
    isSecret: true,
    meaning: 'JSON merged into each request to the LLM: objects are merged, null takes an entry out',
  }),
  httpsProxy: optional('HTTPS_PROXY', text, {
    group: 'classification',
    unset: 'no proxy',
    example: 'http://proxy:3128',
    meaning: 'HTTP proxy for an LLM at an https address; https_proxy is read too',
  }),
  httpProxy: optional('HTTP_PROXY', text, {
    group: 'classification',
    unset: 'no proxy',
    example: 'http://proxy:3128',
    meaning: 'HTTP proxy for an LLM at an http address; http_proxy is read too',
  }),
  noProxy: optional('NO_PROXY', text, {
    group: 'classification',
    unset: 'none but this machine',
    example: 'localhost,.internal.example.com',
    meaning: 'Hosts that are called without a proxy, separated by commas; no_proxy is read too',
  }),
  llmRedact: setting('LLM_REDACT', choice(['auto', 'on', 'off']), {
    group: 'classification',
    default: 'auto',
    meaning: 'Personal data masked before a transcript is sent: auto is on for remote providers',
  }),
  llmMaxConcurrency: optional('LLM_MAX_CONCURRENCY', wholeNumber({ min: 1, max: 1000, unit: 'calls' }), {
    group: 'classification',
    unset: 'WORKER_CONCURRENCY',
    example: '20',
    meaning: 'Calls to the LLM at a time, in one worker process',
  }),
  llmBudgetUsdPerDay: optional('LLM_BUDGET_USD_PER_DAY', amount('US dollars'), {
    group: 'classification',
    unset: 'no limit',
    example: '25',
    meaning: 'Daily spending at which classification waits or falls back',
  }),
  llmPricesFile: optional('LLM_PRICES_FILE', text, {
    group: 'classification',
    unset: 'only the prices that come with the program',
    example: 'prices.yaml',
    meaning: 'Prices of models, as YAML; they come before those of the program',
  }),

  importTimezone: setting('IMPORT_TIMEZONE', timeZone, {
    group: 'import',
    default: 'UTC',
    meaning: 'Time zone of dates in imported files that name none',
  }),

  port: setting('PORT', wholeNumber({ min: 0, max: 65_535 }), {
    group: 'api',
    default: 3000,
    meaning: 'Port of the HTTP API; 0 takes any free one',
  }),
  corsOrigin: optional('CORS_ORIGIN', text, {
    group: 'api',
    unset: 'no other origin',
    example: 'https://app.example.com',
    meaning: 'Origins whose pages may call the HTTP API, separated by commas',
  }),
  apiBaseUrl: optional('API_BASE_URL', webAddress, {
    group: 'api',
    unset: 'the address that was asked',
    example: 'https://api.example.com',
    meaning: 'Public address of the HTTP API',
  }),
  apiKeys: optional('API_KEYS', text, {
    group: 'api',
    unset: 'none: the HTTP API listens on the loopback address only',
    example: 'your-keys',
    isSecret: true,
    meaning: 'Keys of the HTTP API',
  }),
  webhookSecret: optional('WEBHOOK_SECRET', text, {
    group: 'api',
    unset: 'none',
    example: 'your-secret',
    isSecret: true,
    meaning: 'Secret that webhooks are signed with',
  }),
  webhookAllowedHosts: setting('WEBHOOK_ALLOWED_HOSTS', listOf('host names', hostName), {
    group: 'api',
    default: [],
    example: 'hooks.example.com',
    meaning: 'Hosts that webhooks may be sent to even where their addresses are private',
  }),

  nodeEnv: setting('NODE_ENV', text, {
    group: 'process',
    default: 'development',
    meaning: 'Kind of deployment; in production the worker refuses embedded servers',
  }),
  logLevel: setting('LOG_LEVEL', choice(['debug', 'info', 'warn', 'error'], { warning: 'warn', critical: 'error' }), {
    group: 'process',
    default: 'info',
    meaning: 'Least important log line that is written',
  }),
  logFormat: optional('LOG_FORMAT', choice(['pretty', 'json']), {
    group: 'process',
    unset: 'pretty on a terminal, json elsewhere',
    example: 'json',
    meaning: 'Form of log lines',
  }),
  failpoints: optional('FAILPOINTS', text, {
    group: 'process',
    unset: 'none',
    example: 'name=action',
    meaning: 'Places where the code fails on purpose; for tests only, refused in production',
  }),
} as const;

export type SettingKey = keyof typeof settings;

type ValueOf<S> = S extends {
  readonly schema: { readonly _zod: { readonly output: infer T } };
  readonly default: infer D;
}
  ? null extends D
    ? T | null
    : T
  : never;

/** Every setting's value under its camelCase name; frozen. */
export type Config = { readonly [K in SettingKey]: ValueOf<(typeof settings)[K]> };

export const settingKeys = Object.keys(settings) as readonly SettingKey[];
