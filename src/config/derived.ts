/** Values that are derived from several settings. */
import { llmAccess } from './llm-access.ts';
import type { Config } from './schema.ts';

/** Address of Redis, REDIS_URL before REDIS_HOST and the names that go with it; null: use the embedded one. */
export function redisUrl(config: Config): string | null {
  const { redisUrl: url, redisHost, redisPort, redisUsername, redisPassword, redisDb } = config;
  if (url !== null || redisHost === null) return url;
  const password = redisPassword === null ? '' : `:${encodeURIComponent(redisPassword)}`;
  const login = `${encodeURIComponent(redisUsername ?? '')}${password}`;
  return `redis://${login === '' ? '' : `${login}@`}${inUrl(redisHost)}:${redisPort}/${redisDb}`;
}

/** Redis that Celery producers send to; null: use the embedded one. */
export function celeryBrokerUrl(config: Config): string | null {
  return config.celeryBrokerUrl ?? redisUrl(config);
}

/** Redis that Celery clients read results from; null: use the embedded one. */
export function celeryResultUrl(config: Config): string | null {
  return config.celeryResultBackend ?? redisUrl(config);
}

/** Address of PostgreSQL, DATABASE_URL before POSTGRES_*; null: use the embedded one. */
export function postgresUrl(config: Config): string | null {
  if (config.databaseUrl !== null) return withTls(config.databaseUrl, config);
  if (config.postgresHost === null) return null;
  const { postgresUser, postgresPassword, postgresHost, postgresPort, postgresDb } = config;
  const password = postgresPassword === null ? '' : `:${encodeURIComponent(postgresPassword)}`;
  const url = `postgres://${encodeURIComponent(postgresUser)}${password}@${inUrl(postgresHost)}:${postgresPort}/${encodeURIComponent(postgresDb)}`;
  return withTls(url, config);
}

/** What an address says itself goes before PGSSLMODE and PGSSLROOTCERT. */
function withTls(url: string, { pgSslMode, pgSslRootCert }: Config): string {
  const [, query = ''] = url.split(/\?(.*)/s);
  const given = new URLSearchParams(query);
  const added = new URLSearchParams();
  if (pgSslMode !== null && !given.has('sslmode') && !given.has('ssl')) added.set('sslmode', pgSslMode);
  if (pgSslRootCert !== null && !given.has('sslrootcert')) added.set('sslrootcert', pgSslRootCert);
  const more = added.toString();
  return more === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${more}`;
}

/** Whether statements are prepared under a name; undefined: where no pooler is in between. */
export function preparedStatements({ postgresPrepared }: Config): boolean | undefined {
  return postgresPrepared === 'auto' ? undefined : postgresPrepared === 'on';
}

/** Celery lists to consume: `asked`, or else those of WORKER_QUEUES, and QUEUE_NAME. */
export function celeryListsOf(config: Config, asked: readonly string[] = config.workerQueues): readonly string[] {
  return [...new Set([...asked, ...(config.queueName === null ? [] : [config.queueName])])];
}

/** Soft time limit of an attempt in seconds: 60 s before the hard limit, or half of a hard limit below two minutes. */
export function softTaskTimeoutSeconds(config: Config): number {
  return Math.max(config.taskTimeoutSeconds - 60, config.taskTimeoutSeconds / 2);
}

/** The model to ask: LLM_MODEL before OPENAI_MODEL. */
export function llmModel(config: Config): string {
  return config.llmModel ?? config.openaiModel;
}

/** Whether an LLM classifies; with `auto` it does if the provider's key or an address is set. */
export function usesLlm(config: Config): boolean {
  if (config.classifier !== 'auto') return config.classifier === 'llm';
  const { apiKey, baseUrl } = llmAccess(config);
  return apiKey !== null || baseUrl !== null;
}

/** Format of log lines: LOG_FORMAT, else by the kind of stream. */
export function logFormat(config: Config, isTerminal: boolean): 'pretty' | 'json' {
  return config.logFormat ?? (isTerminal ? 'pretty' : 'json');
}

/** A socket folder and an IPv6 address have a special form inside a URL. */
function inUrl(host: string): string {
  if (host.includes('/')) return encodeURIComponent(host);
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
