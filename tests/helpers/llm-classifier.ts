/** A model's classifier as the settings make it, against a fake server: short bounds, no pause between tries, replies kept in a database. */
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/core/clock.ts';
import type { Database } from '../../src/core/connections/database.ts';
import { findLlmReplies, readSpentToday, recordLlmCalls } from '../../src/models/queries/llm-replies.ts';
import { loadTaxonomy } from '../../src/models/taxonomy.ts';
import type { Classifier } from '../../src/services/classification/classifier.ts';
import { createChatClient } from '../../src/services/classification/model/chat-client.ts';
import { createLlmClassifier } from '../../src/services/classification/model/llm-classifier.ts';
import type { Dialect } from '../../src/services/classification/model/providers/dialect.ts';
import { openAiDialect } from '../../src/services/classification/model/providers/openai-dialect.ts';
import { createPostJson, type PostBounds } from '../../src/services/classification/model/providers/post-json.ts';
import { readPrices } from '../../src/services/classification/model/providers/prices.ts';
import { createReader } from '../../src/services/classification/model/reader.ts';
import type { ReplyMemory } from '../../src/services/classification/model/reply-memory.ts';
import { type Budget, createBudget } from '../../src/services/classification/model/resilience/budget.ts';
import {
  createRefusedParts,
  type RefusedPartsOptions,
} from '../../src/services/classification/model/resilience/refused-parts.ts';
import { createTryAgain, type TryAgain } from '../../src/services/classification/model/resilience/try-again.ts';
import { withFallback } from '../../src/services/classification/model/resilience/with-fallback.ts';
import { createOfflineClassifier } from '../../src/services/classification/rules/offline-classifier.ts';

export const salesTaxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
export const testKey = 'sk-invented-key-0123456789';
export const testModel = 'model-of-tests';
/** The model of tests costs one dollar a thousand tokens in, two out. */
export const testPrices = readPrices(
  'as_of: 2026-01-01\ncurrency: USD\nper_million_tokens:\n  model-of-tests: { input: 1000, cached_input: 100, cache_write: 1250, output: 2000 }\n',
  'prices of tests',
);

export interface LlmChoices {
  readonly hasFallback?: boolean;
  readonly redacts?: boolean;
  readonly maxConcurrency?: number;
  readonly bounds?: Partial<PostBounds>;
  readonly dialect?: Dialect;
  readonly budgetUsd?: number;
  readonly tryAgain?: TryAgain;
  readonly memory?: ReplyMemory;
  readonly store?: RefusedPartsOptions['store'];
  readonly onLearned?: RefusedPartsOptions['onLearned'];
}

export function makeMemory(database: Database): ReplyMemory {
  return {
    find: async (key) => (await findLlmReplies(database, [key]))[0],
    record: (call) => recordLlmCalls(database, [call]),
    readSpentToday: () => readSpentToday(database),
  };
}

/** `baseUrl` without what a dialect adds. */
export function makeLlmClassifier(baseUrl: string, choices: LlmChoices = {}): Classifier {
  const { dialect = openAiDialect('max_tokens'), maxConcurrency = 20, memory, budgetUsd } = choices;
  const bounds = { connectMs: 2_000, wholeMs: 600, maxReplyBytes: 256 * 1_024, ...choices.bounds };
  const waits = { maxWaitMs: 1_000, refusalMs: 50 };
  const client = createChatClient({
    model: testModel,
    apiKey: testKey,
    host: new URL(baseUrl).host,
    dialect,
    post: createPostJson({ url: `${baseUrl}${dialect.path(testModel)}`, bounds }),
    tryAgain: choices.tryAgain ?? createTryAgain({ clock: systemClock, random: () => 0, maxConcurrency, ...waits }),
    refusedParts: createRefusedParts({
      dialect,
      clock: systemClock,
      store: choices.store,
      onLearned: choices.onLearned,
    }),
    clock: systemClock,
  });
  const budget: Budget | undefined =
    budgetUsd === undefined || memory === undefined
      ? undefined
      : createBudget({ usdPerDay: budgetUsd, readSpentToday: memory.readSpentToday, clock: systemClock });
  const llm = createLlmClassifier({
    taxonomy: salesTaxonomy,
    reader: createReader(salesTaxonomy),
    client,
    memory,
    redacts: choices.redacts ?? false,
    costOf: testPrices.costOf,
    budget,
  });
  return choices.hasFallback ? withFallback(llm, createOfflineClassifier(salesTaxonomy)) : llm;
}
