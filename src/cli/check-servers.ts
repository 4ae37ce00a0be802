/** One connection test a function: what a server is, or what is wrong with it. They never throw what a server caused. */
import { celeryBrokerUrl, celeryResultUrl } from '../config/derived.ts';
import { describeLlmAccess, llmAccess, unusedProviderHint } from '../config/llm-access.ts';
import type { Config } from '../config/schema.ts';
import { createDatabase } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import { withDeadline } from '../core/queue/queues.ts';
import { createRedis, describeRedis, probeRedis } from '../core/redis.ts';
import { adviceOn, answerWarnings } from './model-warnings.ts';
import type { ServerUrls } from './servers.ts';
import { describePostgres } from './status-report.ts';

export interface Finding {
  readonly part: string;
  readonly embedded: boolean;
  readonly address: string | null;
  readonly facts: Readonly<Record<string, string | number>>;
  /** The facts as a person reads them. */
  readonly words: string;
  /** It works, but a person should know. */
  readonly warnings: readonly string[];
  readonly fault: { readonly code: string; readonly error: string; readonly exit: number } | null;
}

/** All of a check is over after this. */
const lookMs = 9_000;

export interface RedisTarget {
  readonly name: string;
  readonly url: string;
  readonly embedded: boolean;
}

/** The Redis of the queues, and Celery's where they are others. */
export function redisTargets(config: Config, { redisUrl, embedded }: ServerUrls): RedisTarget[] {
  const others = [
    { name: 'Redis of CELERY_BROKER_URL', url: celeryBrokerUrl(config) },
    { name: 'Redis of CELERY_RESULT_BACKEND', url: celeryResultUrl(config) },
  ];
  const targets: RedisTarget[] = [{ name: 'Redis', url: redisUrl, embedded: embedded.redis }];
  for (const { name, url } of others) {
    if (url !== null && targets.every((each) => each.url !== url)) targets.push({ name, url, embedded: false });
  }
  return targets;
}

export async function checkRedis({ name, url, embedded }: RedisTarget): Promise<Finding> {
  const about = { part: name, embedded, address: describeRedis(url) };
  return findingOf(about, async () => {
    const { version, latencyMs, evictionPolicy, usedBytes } = await withDeadline(
      probeRedis(url, { writes: true }),
      lookMs,
      'it was tested',
    );
    const warnings =
      evictionPolicy === 'noeviction'
        ? []
        : [`maxmemory-policy is ${evictionPolicy}: Redis may drop jobs when it is full. Set it to noeviction.`];
    const facts = { version, latency_ms: round(latencyMs), eviction_policy: evictionPolicy, used_bytes: usedBytes };
    const memory = `${(usedBytes / 1_048_576).toFixed(1)} MB used`;
    const words = describe(embedded, version, latencyMs, `maxmemory-policy ${evictionPolicy}`, memory);
    return { facts, words, warnings };
  });
}

export async function checkDatabase({ postgresUrl: url, embedded }: ServerUrls, config: Config): Promise<Finding> {
  const about = { part: 'PostgreSQL', embedded: embedded.postgres, address: describePostgres(url) };
  return findingOf(about, async () => {
    const [{ checkSchema, migrateDatabase }, { emptyLabelFor }] = await Promise.all([
      import('../models/schema-check.ts'),
      import('../models/api-tables.ts'),
    ]);
    const database = createDatabase({ url, poolSize: 1, prepared: false, applicationName: 'vambe check' });
    const look = async () => {
      await database.testConnection();
      // The second one, as the first pays for the connection too.
      const facts = await database.testConnection();
      if (embedded.postgres) await migrateDatabase(database, { createsApiTables: true });
      return { ...facts, schema: await checkSchema(database) };
    };
    try {
      const { version, latencyMs, schema } = await withDeadline(look(), lookMs, 'it was tested').catch(
        asDatabaseFault(about.address),
      );
      const facts = {
        version: version.split(' ')[0] ?? version,
        latency_ms: round(latencyMs),
        schema_version: schema.version,
        labels_without_value: emptyLabelFor(config.labelsWithoutValue, schema) === null ? 'null' : 'blank',
      };
      const words = describe(
        embedded.postgres,
        facts.version,
        latencyMs,
        `schema version ${schema.version}, up to date`,
        `labels without a value are ${facts.labels_without_value}`,
      );
      return { facts, words, warnings: [] };
    } finally {
      database.close().catch(() => undefined);
    }
  });
}

function asDatabaseFault(address: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof AppError && error.code === 'REDIS_UNREACHABLE')
      throw new AppError(
        'DATABASE_UNREACHABLE',
        `PostgreSQL at ${address} did not answer within ${lookMs / 1_000} s. It is overloaded or out of reach.`,
      );
    throw error;
  };
}

/**
 * Settings and taxonomy; `calls`: also one small call of the model, which costs a few tokens.
 * @param redisUrl where workers keep what the model refuses; null: it is not looked up
 */
export async function checkClassifier(
  config: Config,
  { calls, redisUrl = null }: { calls: boolean; redisUrl?: string | null },
): Promise<Finding> {
  return findingOf({ part: 'Classifier', embedded: false, address: null }, async () => {
    const { chooseClassifier, readTaxonomy } = await import('../wire-services.ts');
    // Without the patience of a worker: one try tells what is wrong.
    const { kind, model, probe } = await chooseClassifier(config, await readTaxonomy(config), { isPatient: false });
    if (probe === undefined) {
      const unused = unusedProviderHint(config);
      const warnings = unused === undefined ? [] : [unused];
      return { facts: { kind, model }, words: `${model}; no model is called`, warnings };
    }
    const access = llmAccess(config);
    const advice = await adviceOn(config, model);
    const from = {
      provider: access.provider,
      address_from: access.baseUrlFrom ?? 'none',
      key_from: access.apiKeyFrom ?? 'none',
    };
    if (!calls) {
      const refused = redisUrl === null ? [] : await readRefusedParts(config, redisUrl);
      const words = `${model} (${describeLlmAccess(access)}); the settings suit it; "vambe check llm" calls the model${describeRefused(refused)}`;
      const refusedFacts: Finding['facts'] = refused.length === 0 ? {} : { refused_parts: refused.join(', ') };
      return { facts: { kind, model, ...from, ...refusedFacts }, words, warnings: advice };
    }
    // LLM_TIMEOUT_SECONDS ends the call first, with its own error; this ends what else may hang.
    const found = await probe(AbortSignal.timeout(config.llmTimeoutSeconds * 1_000 + lookMs));
    const cost = found.costUsd === null ? 'no price is known' : `${found.costUsd.toFixed(6)} USD`;
    const tokens = `${found.inputTokens ?? 'unknown'} and ${found.outputTokens ?? 'unknown'} tokens`;
    const facts = {
      kind,
      model,
      ...from,
      answered_by: found.model,
      host: found.host,
      latency_ms: found.latencyMs,
      ...(found.costUsd === null ? {} : { cost_usd: found.costUsd }),
      ...(found.refusedParts.length === 0 ? {} : { refused_parts: found.refusedParts.join(', ') }),
      ...(found.labels === null ? {} : { labels_found: found.labels }),
    };
    const words = `${found.model} at ${found.host} answers in ${found.latencyMs} ms, ${tokens}, ${cost}; ${describeLlmAccess(access)}${describeRefused(found.refusedParts)}`;
    const isOther = !found.model.startsWith(model);
    const other = isOther ? [`${model} was asked for, and ${found.model} answers. Its price counts.`] : [];
    return { facts, words, warnings: [...answerWarnings(found), ...other, ...advice] };
  });
}

/** What workers learned of the model; nothing where Redis does not answer, which is told elsewhere. */
async function readRefusedParts(config: Config, redisUrl: string): Promise<readonly string[]> {
  const [{ modelAddressOf }, { createRefusedPartsStore }, { llmModel }] = await Promise.all([
    import('../services/classification/model/from-settings.ts'),
    import('../services/classification/model/resilience/refused-parts-store.ts'),
    import('../config/derived.ts'),
  ]);
  const redis = createRedis({ url: redisUrl, name: 'vambe check', use: 'commands' });
  try {
    return (await createRefusedPartsStore(redis, modelAddressOf(config, llmModel(config))).read()) ?? [];
  } catch {
    return [];
  } finally {
    redis.disconnect();
  }
}

/** What a model refuses of a request is left out, which is no fault. */
function describeRefused(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `; it refuses ${parts.join(', ')} and is asked without`;
}

/** A finding, or the fault that a look met; what is no AppError goes on. */
export async function findingOf(
  about: Pick<Finding, 'part' | 'embedded' | 'address'>,
  look: () => Promise<Pick<Finding, 'facts' | 'words' | 'warnings'>>,
): Promise<Finding> {
  try {
    return { ...about, ...(await look()), fault: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, exitCode } = error;
    return { ...about, facts: {}, words: '', warnings: [], fault: { code, error: message, exit: exitCode } };
  }
}

function describe(isEmbedded: boolean, version: string, latencyMs: number, ...more: readonly string[]): string {
  return [isEmbedded ? 'embedded' : '', `version ${version}`, `${round(latencyMs)} ms`, ...more]
    .filter((each) => each !== '')
    .join(', ');
}

function round(ms: number): number {
  return Number(ms.toFixed(1));
}
