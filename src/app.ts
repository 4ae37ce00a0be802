/** The task app: discovers tasks, routes them to queues, and wires everything. Importing it does nothing. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { countMessages } from './celery/bridge/count-messages.ts';
import { messageWithFollowUps } from './celery/protocol/call-terms.ts';
import { createFollowUps } from './celery/results/follow-ups.ts';
import { createRedisRetry, noRetry } from './celery/results/redis-retry.ts';
import { metaKeyOf, storedSuccessPattern } from './celery/results/result-documents.ts';
import { createResultListener } from './celery/results/result-listener.ts';
import { celeryBrokerUrl, celeryListsOf, celeryResultUrl, llmModel, usesLlm } from './config/derived.ts';
import { llmAccess } from './config/llm-access.ts';
import type { Config } from './config/schema.ts';
import { batchOf, createBatcher, maxItemsPerBatch } from './core/batcher.ts';
import { createClaims } from './core/claims.ts';
import { type Clock, systemClock } from './core/clock.ts';
import { createDatabase, type Database } from './core/database.ts';
import { endsWithin } from './core/deadline.ts';
import { discoverTasks } from './core/discover-tasks.ts';
import { AppError } from './core/errors.ts';
import { createFailpoints, parseFailpoints } from './core/failpoints.ts';
import type { CallTerms, JobLedger, UnsentFollowUp } from './core/job-ledger.ts';
import { acceptAndTell, createLifecycle, type Lifecycle } from './core/lifecycle.ts';
import type { Log } from './core/logger.ts';
import type { Consumer } from './core/queue/consumer.ts';
import { createEnqueuer, type Enqueuer } from './core/queue/enqueue.ts';
import { createQueues, type Queues } from './core/queue/queues.ts';
import { type Schedule, schedulesOf } from './core/queue/schedules.ts';
import { readBuiltJson } from './core/read-json.ts';
import { createRedis, describeRedis, type Redis } from './core/redis.ts';
import { createDocumentWriter } from './core/redis-documents.ts';
import { createTaskRegistry, type Task, type TaskRegistry } from './core/task.ts';
import { emptyLabelFor } from './models/api-tables.ts';
import type { MeetingSubject } from './models/meeting-subject.ts';
import {
  type AnswerToSave,
  readStandingResult,
  type SaveOutcome,
  saveAnswers,
} from './models/queries/classifications.ts';
import { createJobLedger } from './models/queries/job-ledger.ts';
import { findLlmReplies, readSpentToday, recordLlmCalls } from './models/queries/llm-replies.ts';
import {
  deleteEndedJobs,
  deleteOldForcedReplies,
  deleteOldModelCalls,
  deleteRowsOfGoneMeetings,
  listUnclassified,
} from './models/queries/upkeep.ts';
import { type CompiledTaxonomy, loadTaxonomy, type Taxonomy } from './models/taxonomy.ts';
import type { Classifier } from './services/classification/classifier.ts';
import { createClassifyMeeting } from './services/classification/classify-meeting.ts';
import { createClassifierFromSettings, type LlmParts } from './services/classification/llm/from-settings.ts';
import { type PriceTable, readPrices } from './services/classification/llm/prices.ts';
import { createReader } from './services/classification/llm/reader.ts';
import type { KeptTexts } from './services/classification/llm/refused-parts-store.ts';
import type { CallToRecord, KeptReply, ReplyMemory } from './services/classification/llm/reply-memory.ts';
import { createThreadedReader } from './services/classification/llm/threaded-reader.ts';
import { readBuiltCues } from './services/classification/offline/built-cues.ts';
import { createOfflineClassifier } from './services/classification/offline/offline-classifier.ts';
import { createThreadedClassifier } from './services/classification/offline/threaded-classifier.ts';
import { createPublishedReader } from './services/publishing/published-reader.ts';
import { createStatusPublisher } from './services/publishing/status-documents.ts';
import type { Services } from './services/services.ts';
import { createHealthCheck } from './services/upkeep/health.ts';
import { createPurgeExpired } from './services/upkeep/purge-expired.ts';
import { createSweepUnclassified } from './services/upkeep/sweep-unclassified.ts';
import { wireWorker } from './wire-worker.ts';
import type { ProcessOptions, WorkerParts, WorkerSettings, WorkerWiring } from './worker-wiring.ts';

export interface AppOptions extends ProcessOptions {
  /** `worker@%h` and its like; unset: WORKER_HOSTNAME. */
  readonly workerName?: string;
  readonly clock?: Clock;
  /** Unset: what CLASSIFIER says. */
  readonly classifier?: Classifier;
  /** Set: transcripts are read in a thread, offline so many a message; unset: in this one. */
  readonly threadBatch?: number;
  /** Unset: the file of TAXONOMY_FILE; reading it takes longer than the rest of a start. */
  readonly taxonomy?: Taxonomy;
}

export interface App {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly workerName: string;
  readonly database: Database;
  readonly redis: Redis;
  /** Holds the Celery lists; the same connection in most installations. */
  readonly broker: Redis;
  readonly registry: TaskRegistry;
  readonly queues: Queues;
  readonly ledger: JobLedger<MeetingSubject>;
  readonly enqueuer: Enqueuer;
  readonly lifecycle: Lifecycle;
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
  readonly services: Services;
  readonly schedules: readonly Schedule[];
  /** Does again what Redis refused when a job ended. @throws what Redis says */
  sendUnsent(terms: CallTerms, unsent: UnsentFollowUp): Promise<void>;
  /** Jobs that this process runs now. */
  runningJobs(): number;
  /** The parts of a worker that consumes `queueNames` (all when unset); nothing runs before `start`. */
  createWorker(options: WorkerSettings): WorkerParts;
  close(): Promise<void>;
}

/** How long a close waits for records of model calls. */
const lastRecordsMs = 2_000;
/** A take, a save and an accept at once need three; the rest is for commands and handlers. */
const poolSize = 6;

/** Wires the product for one process. @throws AppError TASK_INVALID, TAXONOMY_INVALID, SETTINGS_INVALID */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, log, clock = systemClock } = options;
  const workerName = expandWorkerName(options.workerName ?? config.workerHostname);
  const failpoints = createFailpoints(parseFailpoints(config.failpoints));
  const [registry, taxonomy] = await Promise.all([
    findTasks(options.taskFolders ?? [], log),
    options.taxonomy ?? readTaxonomy(config),
  ]);
  const replyFinder = createBatcher<string, KeptReply | undefined>({
    maxItems: maxItemsPerBatch,
    execute: (keys) => findLlmReplies(database, keys),
  });
  const callRecorder = createBatcher<CallToRecord, void>({
    maxItems: maxItemsPerBatch,
    async execute(calls) {
      await recordLlmCalls(database, calls);
      return calls.map(() => undefined);
    },
  });
  const memory: ReplyMemory = {
    find: (key) => replyFinder.add(key),
    record: (call) => callRecorder.add(call),
    readSpentToday: () => readSpentToday(database),
  };
  const { threadBatch } = options;
  const kept: KeptTexts = { get: (key) => redis.get(key), set: (...command) => redis.set(...command) };
  const classifier =
    options.classifier ?? (await chooseClassifier(config, taxonomy, { clock, memory, log, threadBatch, redis: kept }));
  const redisOptions = connectionOptions(options, log);
  const queueConnection = createRedis({ ...redisOptions, use: 'queue', onChange: redisLog(options.redisUrl, log) });
  const redis = createRedis({ ...redisOptions, use: 'commands' });
  const brokerUrl = celeryBrokerUrl(config) ?? options.redisUrl;
  const broker =
    brokerUrl === options.redisUrl
      ? redis
      : createRedis({ ...redisOptions, url: brokerUrl, use: 'commands', onChange: redisLog(brokerUrl, log) });
  const resultUrl = celeryResultUrl(config) ?? options.redisUrl;
  const backend =
    resultUrl === options.redisUrl
      ? redis
      : createRedis({
          ...redisOptions,
          url: resultUrl,
          use: 'commands',
          onChange: resultUrl === brokerUrl ? undefined : redisLog(resultUrl, log),
        });
  const database = createDatabase({
    url: options.postgresUrl,
    poolSize,
    prepared: config.postgresPrepared === 'on',
    applicationName: 'vambe',
  });

  const schedules = schedulesOf(registry.all);
  const maxRetries = config.maxRetries;
  const retryDelayMs = config.retryDelaySeconds * 1_000;
  const queues = createQueues({
    connection: queueConnection,
    names: queueNamesOf(registry),
    clock,
    maxRetries,
    maxRetriesOf: (task) => registry.settingsOf(task)?.maxRetries,
  });
  const emptyLabel = emptyLabelFor(config.labelsWithoutValue, options.schema);
  const tables = createJobLedger(database, { emptyLabel });
  const writerOf = (server: Redis) => createDocumentWriter({ redis: server, finalPattern: storedSuccessPattern, log });
  const cacheWriter = writerOf(redis);
  const resultWriter = backend === redis ? cacheWriter : writerOf(backend);
  const origin = `${process.pid}@${hostname()}`;
  const { noteUnsent } = tables;
  const sending = { broker, backend, writer: resultWriter, registry, clock, log, origin, noteUnsent };
  const followUps = createFollowUps({ ...sending, retry: createRedisRetry({ clock, log }) });
  const told = createLifecycle({
    // In this order: a client that hears of the Celery result finds what the API reads beside it.
    critical: [
      createStatusPublisher({ writer: cacheWriter, clock }),
      createResultListener({ writer: resultWriter, followUps, worker: workerName, clock }),
    ],
    log,
  });
  const lifecycle: Lifecycle = {
    ...told,
    tell: failpoints.after('published', told.tell, ({ kind }) => kind === 'succeeded'),
  };
  const ledger = {
    ...tables,
    accept: failpoints.after('accepted', acceptAndTell(tables.accept, lifecycle)),
    take: failpoints.after('taken', tables.take),
  };
  const enqueuer = createEnqueuer({ registry, ledger, queues, log });
  const saver = createBatcher<AnswerToSave, SaveOutcome>({
    maxItems: batchOf(config.workerConcurrency),
    execute: (answers) => saveAnswers(database, answers, emptyLabel),
  });

  const services: Services = {
    classifyMeeting: createClassifyMeeting({
      classifier,
      taxonomy,
      claims: createClaims(redis),
      clock,
      worker: workerName,
      emptyLabel,
      save: failpoints.before('asked', failpoints.after('saved', saver.add)),
      forget: (key) => redis.del(key),
      readStanding: (meetingId) => readStandingResult(database, meetingId, emptyLabel),
    }),
    checkHealth: createHealthCheck({
      clock,
      pingDatabase: () => database.testConnection(),
      pingRedis: () => redis.ping(),
    }),
    sweepUnclassified: createSweepUnclassified({
      countMessages: async () =>
        Object.values(await countMessages(broker, celeryListsOf(config))).reduce((sum, count) => sum + count, 0),
      listUnclassified: (page) => listUnclassified(database, page),
      enqueue: (requests) => enqueuer.enqueue(requests),
    }),
    purgeExpired: createPurgeExpired({
      retentionDays: config.jobRetentionDays,
      deleteEndedJobs: (page) => deleteEndedJobs(database, page),
      deleteOldModelCalls: (page) => deleteOldModelCalls(database, page),
      deleteOldForcedReplies: (page) => deleteOldForcedReplies(database, page),
      deleteRowsOfGoneMeetings: (page) => deleteRowsOfGoneMeetings(database, page),
    }),
  };

  let subscriber: Redis | undefined;
  let consuming: Consumer | undefined;
  const wiring: WorkerWiring = {
    options: { ...options, clock, workerName },
    registry,
    queues,
    schedules,
    ledger,
    lifecycle,
    readPublished: createPublishedReader({ backend, cache: redis, resultKeyOf: metaKeyOf }),
    followUps,
    services,
    classifier,
    database,
    redis,
    broker,
    brokerUrl,
    queueConnection,
    maxRetries,
    retryDelayMs,
    onAcked: failpoints.at('acked'),
    openSubscriber() {
      subscriber ??= createRedis({ ...redisOptions, url: brokerUrl, use: 'listener' });
      return subscriber;
    },
  };
  const createWorker: App['createWorker'] = (settings) => {
    const parts = wireWorker(wiring, settings);
    consuming = parts.consumer;
    return parts;
  };

  return {
    async sendUnsent(terms, unsent) {
      const message = messageWithFollowUps(terms);
      if (message) await createFollowUps({ ...sending, retry: noRetry }).sendUnsent(message, unsent);
    },
    config,
    clock,
    log,
    workerName,
    database,
    redis,
    broker,
    registry,
    queues,
    ledger,
    enqueuer,
    lifecycle,
    taxonomy,
    classifier,
    services,
    schedules,
    runningJobs: () => consuming?.running().length ?? 0,
    createWorker,
    async close() {
      lifecycle.stop();
      // Calls that a stop abandoned are recorded, as they may be charged.
      await endsWithin(lastRecordsMs, callRecorder.idle());
      await queues.close();
      for (const each of new Set([redis, backend, broker, queueConnection, subscriber])) each?.disconnect();
      await Promise.all([database.close(), classifier.close?.()]);
    },
  };
}

async function findTasks(folders: readonly string[], log: Log): Promise<TaskRegistry> {
  const builtIn = await discoverTasks(fileURLToPath(new URL('./tasks/', import.meta.url)));
  const own: Task[] = [];
  for (const folder of folders) own.push(...(await discoverTasks(path.resolve(folder))));
  const replaced = builtIn.filter(({ name }) => own.some((each) => each.name === name));
  for (const { name } of replaced)
    log.warn('worker.task_replaced', { task: name, reason: 'a task of yours has this name' });
  return createTaskRegistry([...builtIn.filter((task) => !replaced.includes(task)), ...own]);
}

const ownTaxonomy = fileURLToPath(new URL('../taxonomies/sales-meeting.yaml', import.meta.url));
/** Written by the build (scripts/copy-assets.mjs): parsing the YAML and its cues takes half a second of every start. */
const compiledTaxonomy = new URL('./taxonomies/sales-meeting.json', import.meta.url);

/** The taxonomy of TAXONOMY_FILE, else the one that comes along. @throws AppError TAXONOMY_INVALID */
export async function readTaxonomy(config: Config): Promise<Taxonomy> {
  const file = config.taxonomyFile ?? ownTaxonomy;
  const [text, compiled] = await Promise.all([
    readFile(file, 'utf8').catch((cause) => {
      const words = `The taxonomy file ${file} cannot be read (${cause.code ?? cause.message}). Check its path; without TAXONOMY_FILE the one that comes along is used.`;
      throw new AppError('TAXONOMY_INVALID', words, { cause });
    }),
    readBuiltJson<CompiledTaxonomy>(compiledTaxonomy),
  ]);
  return loadTaxonomy(text, path.basename(file), compiled);
}

/** What CLASSIFIER says; without a memory no reply of a model is kept; `isPatient` false: a call is not tried again. @throws AppError SETTINGS_INVALID */
export async function chooseClassifier(
  config: Config,
  taxonomy: Taxonomy,
  options: {
    clock?: Clock;
    memory?: ReplyMemory;
    log?: Log;
    isPatient?: boolean;
    threadBatch?: number;
    redis?: KeptTexts;
  } = {},
): Promise<Classifier> {
  const { clock = systemClock, memory, redis, log, isPatient = true, threadBatch: maxItems } = options;
  // The thread reads the cues itself.
  if (!usesLlm(config) && maxItems !== undefined) return createThreadedClassifier(taxonomy, { maxItems });
  const compiledCues = await readBuiltCues();
  if (!usesLlm(config)) return createOfflineClassifier(taxonomy, compiledCues);
  const { apiKey, baseUrl } = llmAccess(config);
  const onBudgetNearlyUsed: LlmParts['onBudgetNearlyUsed'] = ({ spentUsd, usdPerDay }) =>
    log?.warn('classifier.budget_nearly_used', { spent_usd: spentUsd, budget_usd_per_day: usdPerDay });
  const onRefusedParts: LlmParts['onRefusedParts'] = ({ model, host, refused, sent }) =>
    log?.warn('classifier.parts_refused', { model, host, refused: refused.join(', '), sent: sent.join(', ') });
  const parts = {
    model: llmModel(config),
    apiKey,
    taxonomy,
    openReader: () => (maxItems === undefined ? createReader(taxonomy, compiledCues) : createThreadedReader(taxonomy)),
    compiledCues,
    clock,
    memory,
    isPatient,
    onBudgetNearlyUsed,
    onRefusedParts,
    redis,
  };
  const settings = { ...config, llmBaseUrl: baseUrl };
  return createClassifierFromSettings({ ...parts, settings, prices: await readPriceTable(config) });
}

const ownPrices = fileURLToPath(new URL('../prices/llm-prices.yaml', import.meta.url));

/** Prices of LLM_PRICES_FILE, else those that come along. @throws AppError SETTINGS_INVALID */
async function readPriceTable({ llmPricesFile }: Config): Promise<PriceTable> {
  const file = llmPricesFile ?? ownPrices;
  try {
    return readPrices(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const words = `The prices in ${file} cannot be read. Set LLM_PRICES_FILE to a YAML file, or unset it.`;
    throw new AppError('SETTINGS_INVALID', words, { cause });
  }
}

function queueNamesOf({ all }: TaskRegistry): string[] {
  return [...new Set(['classification', 'default', ...all.map(({ queue }) => queue)])];
}

function connectionOptions({ redisUrl }: AppOptions, log: Log) {
  log.debug('redis.connecting', { url: describeRedis(redisUrl) });
  return { url: redisUrl, name: 'vambe' };
}

function redisLog(url: string, log: Log) {
  return ({ state, reason, downMs }: { state: 'down' | 'up'; reason: string; downMs: number }) => {
    if (state === 'down')
      log.warn('redis.down', { url: describeRedis(url), reason, next: 'trying again by itself; accepted jobs wait' });
    else log.info('redis.back', { after_s: Number((downMs / 1_000).toFixed(1)) });
  };
}

/** As Celery expands them: %h host, %n its first part, %d its domain. */
export function expandWorkerName(template: string, host: string = hostname()): string {
  const [name = host, ...domain] = host.split('.');
  const known: Readonly<Record<string, string>> = { '%h': host, '%n': name, '%d': domain.join('.'), '%%': '%' };
  return template.replace(/%[hnd%]/g, (sign) => known[sign] ?? sign);
}
