/** Creates the model classifier from the LLM_* settings. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classifier } from '../classifier.ts';
import { createOfflineClassifier } from '../rules/offline-classifier.ts';
import type { CompiledCues } from '../rules/program.ts';
import { createChatClient } from './chat-client.ts';
import type { CutInput } from './input-watch.ts';
import { createLlmClassifier } from './llm-classifier.ts';
import { anthropicDialect } from './providers/anthropic-dialect.ts';
import { azureDialect, isClassicAzure } from './providers/azure-dialect.ts';
import type { Dialect } from './providers/dialect.ts';
import { endpointOf } from './providers/endpoint.ts';
import { readExtraBody } from './providers/extra-body.ts';
import { googleDialect } from './providers/google-dialect.ts';
import { howToPrice } from './providers/model-advice.ts';
import { openAiDialect } from './providers/openai-dialect.ts';
import { createPostJson, modelCallBounds } from './providers/post-json.ts';
import type { PriceTable } from './providers/prices.ts';
import { type ProxySettings, proxyFor } from './providers/proxy.ts';
import type { Reader } from './reader.ts';
import type { ReplyMemory } from './reply-memory.ts';
import { createBudget, noBudget } from './resilience/budget.ts';
import { createRefusedParts, type LearnedParts } from './resilience/refused-parts.ts';
import { createRefusedPartsStore, type KeptTexts, type ModelAddress } from './resilience/refused-parts-store.ts';
import { createTryAgain } from './resilience/try-again.ts';
import { withFallback } from './resilience/with-fallback.ts';

/** Named as in the configuration. */
export interface LlmSettings extends ProxySettings {
  readonly llmProvider: 'openai' | 'anthropic' | 'google' | 'azure' | 'ollama' | 'compatible';
  /** null: the provider's public address. */
  readonly llmBaseUrl: string | null;
  readonly llmTimeoutSeconds: number;
  readonly llmRedact: 'auto' | 'on' | 'off';
  readonly llmMaxConcurrency: number | null;
  readonly llmBudgetUsdPerDay: number | null;
  readonly workerConcurrency: number;
  readonly classifierFallback: 'none' | 'offline';
  /** JSON object, checked. */
  readonly llmExtraBody: string | null;
  readonly userAgent?: string;
}

export interface LlmParts {
  readonly settings: LlmSettings;
  readonly model: string;
  readonly apiKey: string | null;
  readonly taxonomy: Taxonomy;
  /** Called after the settings are checked. */
  readonly openReader: () => Reader;
  /** The taxonomy's cues, if the build has compiled them. */
  readonly compiledCues?: CompiledCues;
  readonly clock: Clock;
  readonly prices: PriceTable;
  /** Absent: no replies are kept, and there is no queue that could wait. */
  readonly memory?: ReplyMemory;
  /** Stores which request parts the model refuses; absent: known to this process only. */
  readonly redis?: KeptTexts;
  /** Called when the model accepts a request without the parts it had refused. */
  readonly onRefusedParts?: (learned: LearnedParts & ModelAddress) => void;
  /** Called once, when the server reports far fewer input tokens than were sent: it cuts the prompt. */
  readonly onInputCut?: (cut: CutInput & ModelAddress) => void;
  /** Called once a day, when 80 % of the budget are spent. */
  readonly onBudgetNearlyUsed?: (spent: { spentUsd: number; usdPerDay: number }) => void;
  /** False: no retries. */
  readonly isPatient?: boolean;
}

/** With a queue, longer waits are the queue's, for all workers. */
const waitOfQueueMs = 1_000;
const refusalOfQueueMs = 5_000;

/** Opens no connection. @throws AppError SETTINGS_INVALID if there is a budget but no price for the model */
export function createClassifierFromSettings(parts: LlmParts): Classifier {
  const { settings, model, apiKey, taxonomy, compiledCues, clock, memory, prices, isPatient } = parts;
  const { llmBudgetUsdPerDay: usdPerDay } = settings;
  if (usdPerDay !== null && !prices.has(model)) throw withoutPrice(model);
  const dialect = dialectOf(settings);
  const base = baseUrlOf(settings, dialect);
  const address = modelAddressOf(settings, model);
  const url = endpointOf(base, dialect.path(model));
  const bounds = modelCallBounds(settings.llmTimeoutSeconds);
  const waits = memory === undefined ? {} : { maxWaitMs: waitOfQueueMs, refusalMs: refusalOfQueueMs };
  const client = createChatClient({
    model,
    apiKey,
    host: address.host,
    dialect,
    extraBody: readExtraBody(settings.llmExtraBody),
    post: createPostJson({ url, bounds, proxy: proxyFor(url, settings), userAgent: settings.userAgent }),
    tryAgain: createTryAgain({
      clock,
      maxConcurrency: settings.llmMaxConcurrency ?? settings.workerConcurrency,
      ...waits,
      isPatient,
    }),
    refusedParts: createRefusedParts({
      dialect,
      clock,
      ...(parts.redis === undefined ? {} : { store: createRefusedPartsStore(parts.redis, address) }),
      onLearned: (learned) => parts.onRefusedParts?.({ ...learned, ...address }),
    }),
    clock,
  });
  const classifier = createLlmClassifier({
    taxonomy,
    reader: parts.openReader(),
    client,
    memory,
    extraVersion: settings.llmExtraBody === null ? '' : `extra-${shortHash(settings.llmExtraBody)}`,
    redacts: settings.llmRedact === 'auto' ? isRemote(base) : settings.llmRedact === 'on',
    costOf: prices.costOf,
    onInputCut: (cut) => parts.onInputCut?.({ ...cut, ...address }),
    budget:
      usdPerDay === null
        ? noBudget
        : createBudget({
            usdPerDay,
            readSpentToday: async () => memory?.readSpentToday() ?? 0,
            clock,
            onNearlyUsed: (spentUsd) => parts.onBudgetNearlyUsed?.({ spentUsd, usdPerDay }),
          }),
  });
  return settings.classifierFallback === 'offline'
    ? withFallback(classifier, createOfflineClassifier(taxonomy, compiledCues))
    : classifier;
}

/** Identifies one model on one server. */
export function modelAddressOf(settings: LlmSettings, model: string): ModelAddress {
  const { host } = new URL(baseUrlOf(settings, dialectOf(settings)));
  return { provider: settings.llmProvider, host, model };
}

/** Whether calls leave this machine and its private network. */
export function isRemoteModel(settings: LlmSettings): boolean {
  return isRemote(baseUrlOf(settings, dialectOf(settings)));
}

function baseUrlOf({ llmBaseUrl }: LlmSettings, dialect: Dialect): string {
  return llmBaseUrl ?? dialect.baseUrl;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** The address and the headers of a call, for the table of providers in the docs. */
export function describeCall(settings: LlmSettings, model: string, apiKey: string | null) {
  const dialect = dialectOf(settings);
  return { url: endpointOf(baseUrlOf(settings, dialect), dialect.path(model)), headers: dialect.headers(apiKey) };
}

function dialectOf({ llmProvider, llmBaseUrl }: LlmSettings): Dialect {
  if (llmBaseUrl !== null && isClassicAzure(llmBaseUrl)) return azureDialect(llmBaseUrl);
  switch (llmProvider) {
    case 'anthropic':
      return anthropicDialect;
    case 'google':
      return googleDialect;
    case 'azure':
      return llmBaseUrl === null ? openAiDialect('max_completion_tokens') : azureDialect(llmBaseUrl);
    default:
      return openAiDialect(isOpenAis(llmBaseUrl) ? 'max_completion_tokens' : 'max_tokens');
  }
}

function isOpenAis(baseUrl: string | null): boolean {
  return baseUrl === null || new URL(baseUrl).host === 'api.openai.com';
}

function withoutPrice(model: string): AppError {
  return new AppError(
    'SETTINGS_INVALID',
    `LLM_BUDGET_USD_PER_DAY is set, but the price of the model ${model} is not known, so the budget could not be kept. ${howToPrice(model)} Or unset the budget.`,
  );
}

/** False for this machine and its private network: loopback, private addresses, names without a dot. */
export function isRemote(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host.includes(':')) return !/^(?:::1$|f[cd]|fe80)/.test(host);
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) {
    return !/^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)/.test(host);
  }
  return host.includes('.') && !/\.(?:local|internal|localhost|lan)$/.test(host);
}
