/** Wires the classifier and the services that tasks are given. Loaded by processes that classify. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { countMessages } from './celery/bridge/count-messages.ts';
import { celeryListsOf, llmModel, usesLlm } from './config/derived.ts';
import { llmAccess } from './config/llm-access.ts';
import type { Config } from './config/schema.ts';
import { batchOf, createBatcher, maxItemsPerBatch } from './core/batcher.ts';
import { createClaims } from './core/claims.ts';
import { systemClock } from './core/clock.ts';
import { AppError } from './core/errors.ts';
import { readBuiltJson } from './core/read-json.ts';
import {
  type AnswerToSave,
  readStandingResult,
  type SaveOutcome,
  saveAnswers,
} from './models/queries/classifications.ts';
import { findLlmReplies, readSpentToday, recordLlmCalls } from './models/queries/llm-replies.ts';
import {
  deleteEndedJobs,
  deleteOldForcedReplies,
  deleteOldModelCalls,
  deleteRowsOfGoneMeetings,
  listUnclassified,
} from './models/queries/upkeep.ts';
import { type CompiledTaxonomy, loadTaxonomy, type Taxonomy, weightsFileOf, withWeights } from './models/taxonomy.ts';
import type { Classifier } from './services/classification/classifier.ts';
import type { ClassifierParts } from './services/classification/classifier-definition.ts';
import { createClassifyMeeting } from './services/classification/classify-meeting.ts';
import type { CallToRecord, KeptReply, ReplyMemory } from './services/classification/model/reply-memory.ts';
import type { KeptTexts } from './services/classification/model/resilience/refused-parts-store.ts';
import { type ClassifierName, classifiers } from './services/classification/registry.ts';
import type { Services } from './services/services.ts';
import { createHealthCheck } from './services/upkeep/health.ts';
import { createPurgeExpired } from './services/upkeep/purge-expired.ts';
import { createSweepUnclassified } from './services/upkeep/sweep-unclassified.ts';
import { readVersion } from './version.ts';
import type { AppOptions, Core } from './wiring.ts';

/** What a process that classifies adds to its core. */
export interface WiredServices {
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
  readonly services: Services;
  /** Resolves when every record of a model call is kept. */
  recordsAreKept(): Promise<void>;
}

/** @throws AppError TAXONOMY_INVALID, SETTINGS_INVALID */
export async function wireServices(core: Core, options: AppOptions): Promise<WiredServices> {
  const { config, clock, log, workerName, database, redis, broker, enqueuer, emptyLabel, failpoints } = core;
  const taxonomy = options.taxonomy ?? (await readTaxonomy(config));
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

  return { taxonomy, classifier, services, recordsAreKept: () => callRecorder.idle() };
}

const ownTaxonomy = fileURLToPath(new URL('../taxonomies/sales-meeting.yaml', import.meta.url));
/** Written by the build (scripts/copy-assets.mjs): parsing the YAML and its cues takes half a second of every start. */
const compiledTaxonomy = new URL('./taxonomies/sales-meeting.json', import.meta.url);

/**
 * The taxonomy of TAXONOMY_FILE, else the one that comes along, with the weights beside it: `my.weights.json` for `my.yaml`.
 * @throws AppError TAXONOMY_INVALID
 */
export async function readTaxonomy(config: Config): Promise<Taxonomy> {
  const file = config.taxonomyFile ?? ownTaxonomy;
  const weightsFile = weightsFileOf(file);
  const [text, compiled, weights] = await Promise.all([
    readFile(file, 'utf8').catch((cause) => {
      const words = `The taxonomy file ${file} cannot be read (${cause.code ?? cause.message}). Check its path; without TAXONOMY_FILE the one that comes along is used.`;
      throw new AppError('TAXONOMY_INVALID', words, { cause });
    }),
    readBuiltJson<CompiledTaxonomy>(compiledTaxonomy),
    readFile(weightsFile, 'utf8').catch(() => undefined),
  ]);
  const taxonomy = loadTaxonomy(text, path.basename(file), compiled);
  return weights === undefined ? taxonomy : withWeights(taxonomy, weights, path.basename(weightsFile));
}

/** The classifier that CLASSIFIER names. @throws AppError SETTINGS_INVALID */
export async function chooseClassifier(
  config: Config,
  taxonomy: Taxonomy,
  options: Partial<Omit<ClassifierParts, 'taxonomy' | 'settings'>> = {},
): Promise<Classifier> {
  const { apiKey, baseUrl } = llmAccess(config);
  const settings = {
    ...config,
    llmBaseUrl: baseUrl,
    llmApiKey: apiKey,
    llmModel: llmModel(config),
    userAgent: `vambe-ai-worker/${readVersion()}`,
  };
  return classifiers[classifierNameOf(config)].create({ clock: systemClock, ...options, taxonomy, settings });
}

/** Compiles only if every value of CLASSIFIER is a registered classifier. */
function classifierNameOf(config: Config): ClassifierName {
  if (config.classifier !== 'auto') return config.classifier;
  return usesLlm(config) ? 'llm' : 'offline';
}
