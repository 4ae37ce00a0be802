/** One connection test a function: what a server is, or what is wrong with it. They never throw what a server caused. */

import { createDatabase } from '../../core/connections/database.ts';
import { describeRedis, probeRedis } from '../../core/connections/redis.ts';
import { withDeadline } from '../../core/deadline.ts';
import { AppError } from '../../core/errors.ts';
import type { LabelsWithoutValue } from '../../models/api-tables.ts';
import type { Classifier, Probe } from '../classification/classifier.ts';
import { describePostgres } from './status.ts';

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
export function redisTargets(
  queues: Omit<RedisTarget, 'name'>,
  celery: { readonly brokerUrl: string | null; readonly resultUrl: string | null },
): RedisTarget[] {
  const others = [
    { name: 'Redis of CELERY_BROKER_URL', url: celery.brokerUrl },
    { name: 'Redis of CELERY_RESULT_BACKEND', url: celery.resultUrl },
  ];
  const targets: RedisTarget[] = [{ name: 'Redis', ...queues }];
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

export interface DatabaseTarget {
  readonly url: string;
  /** An embedded database is brought up to date first. */
  readonly embedded: boolean;
  /** LABELS_WITHOUT_VALUE. */
  readonly labelsWithoutValue: LabelsWithoutValue;
}

export async function checkDatabase({ url, embedded, labelsWithoutValue }: DatabaseTarget): Promise<Finding> {
  const about = { part: 'PostgreSQL', embedded, address: describePostgres(url) };
  return findingOf(about, async () => {
    const [{ checkSchema, migrateDatabase }, { requireRights }, { emptyLabelFor }] = await Promise.all([
      import('../../models/schema-check.ts'),
      import('../../models/rights.ts'),
      import('../../models/api-tables.ts'),
    ]);
    const database = createDatabase({ url, poolSize: 1, applicationName: 'vambe check' });
    const look = async () => {
      await database.testConnection();
      // The second one, as the first pays for the connection too.
      const facts = await database.testConnection();
      if (embedded) await migrateDatabase(database, { createsApiTables: true });
      await requireRights(database);
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
        labels_without_value: emptyLabelFor(labelsWithoutValue, schema) === null ? 'null' : 'blank',
      };
      const words = describe(
        embedded,
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

export interface ClassifierTarget {
  /** Builds the classifier of the settings, without retries: one call tells what is wrong. @throws AppError SETTINGS_INVALID, TAXONOMY_INVALID */
  choose(): Promise<Pick<Classifier, 'kind' | 'model' | 'probe'>>;
  /** Where the provider's address and key come from. */
  readonly access: {
    readonly provider: string;
    readonly addressFrom: string | null;
    readonly keyFrom: string | null;
    readonly words: string;
  };
  /** What to do about a provider that is set and not used; null: nothing. */
  readonly unusedProvider: string | null;
  /** LLM_TIMEOUT_SECONDS. */
  readonly timeoutSeconds: number;
  /** What workers learned that the model refuses of a request; none where Redis does not answer. */
  readRefusedParts(): Promise<readonly string[]>;
  /** Warnings of an announced end that is near, and of a missing price. */
  adviseOn(model: string): Promise<readonly string[]>;
}

/** Settings and taxonomy, without a call of the model. */
export async function checkClassifier(target: ClassifierTarget): Promise<Finding> {
  return findingOf(aboutClassifier, async () => {
    const { kind, model, probe } = await target.choose();
    if (probe === undefined) return offlineFacts(target, { kind, model });
    const refused = await target.readRefusedParts();
    const words = `${model} (${target.access.words}); the settings suit it; "vambe check llm" calls the model${describeRefused(refused)}`;
    const refusedFacts: Finding['facts'] = refused.length === 0 ? {} : { refused_parts: refused.join(', ') };
    const warnings = await target.adviseOn(model);
    return { facts: { kind, model, ...accessFacts(target), ...refusedFacts }, words, warnings };
  });
}

/** As `checkClassifier`, with one small call of the model, which costs a few tokens. */
export async function callClassifier(target: ClassifierTarget): Promise<Finding> {
  return findingOf(aboutClassifier, async () => {
    const { kind, model, probe } = await target.choose();
    if (probe === undefined) return offlineFacts(target, { kind, model });
    // LLM_TIMEOUT_SECONDS ends the call first, with its own error; this ends what else may hang.
    const found = await probe(AbortSignal.timeout(target.timeoutSeconds * 1_000 + lookMs));
    const cost = found.costUsd === null ? 'no price is known' : `${found.costUsd.toFixed(6)} USD`;
    const tokens = `${found.inputTokens ?? 'unknown'} and ${found.outputTokens ?? 'unknown'} tokens`;
    const facts = {
      kind,
      model,
      ...accessFacts(target),
      answered_by: found.model,
      host: found.host,
      latency_ms: found.latencyMs,
      ...(found.costUsd === null ? {} : { cost_usd: found.costUsd }),
      ...(found.refusedParts.length === 0 ? {} : { refused_parts: found.refusedParts.join(', ') }),
      ...(found.labels === null ? {} : { labels_found: found.labels }),
    };
    const words = `${found.model} at ${found.host} answers in ${found.latencyMs} ms, ${tokens}, ${cost}; ${target.access.words}${describeRefused(found.refusedParts)}`;
    const isOther = !found.model.startsWith(model);
    const other = isOther ? [`${model} was asked for, and ${found.model} answers. Its price counts.`] : [];
    return { facts, words, warnings: [...answerWarnings(found), ...other, ...(await target.adviseOn(model))] };
  });
}

/** What is wrong with the answer to a test call. */
export function answerWarnings({ labels, model }: Pick<Probe, 'labels' | 'model'>): readonly string[] {
  if (labels === null)
    return [
      `${model} answered the test transcript without the JSON that was asked for. Jobs would be repeated and fail; use another model.`,
    ];
  if (labels > 0) return [];
  return [
    `${model} found no label with a quote in the test transcript, a short sales meeting in Spanish. With a taxonomy of sales meetings, use another model.`,
  ];
}

const aboutClassifier = { part: 'Classifier', embedded: false, address: null };

function offlineFacts({ unusedProvider }: ClassifierTarget, { kind, model }: { kind: string; model: string }) {
  const warnings = unusedProvider === null ? [] : [unusedProvider];
  return { facts: { kind, model }, words: `${model}; no model is called`, warnings };
}

function accessFacts({ access }: ClassifierTarget) {
  return {
    provider: access.provider,
    address_from: access.addressFrom ?? 'none',
    key_from: access.keyFrom ?? 'none',
  };
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
