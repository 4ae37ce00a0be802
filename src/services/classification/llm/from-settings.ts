/** The classifier that the LLM_* settings ask for. */
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classifier } from '../classifier.ts';
import { createOfflineClassifier } from '../offline/offline-classifier.ts';
import { createChatClient } from './chat-client.ts';
import { createLlmClassifier } from './llm-classifier.ts';
import { createPostJson, modelCallBounds } from './post-json.ts';
import type { ReplyMemory } from './reply-memory.ts';
import { createTryAgain } from './try-again.ts';
import { withFallback } from './with-fallback.ts';

/** Named as in the configuration. */
export interface LlmSettings {
  readonly llmProvider: 'openai' | 'anthropic' | 'google' | 'compatible';
  readonly llmBaseUrl: string | null;
  readonly llmTimeoutSeconds: number;
  readonly llmRedact: 'auto' | 'on' | 'off';
  readonly llmMaxConcurrency: number | null;
  readonly llmBudgetUsdPerDay: number | null;
  readonly llmPricesFile: string | null;
  readonly workerConcurrency: number;
  readonly classifierFallback: 'none' | 'offline';
}

export interface LlmParts {
  readonly settings: LlmSettings;
  readonly model: string;
  readonly apiKey: string | null;
  readonly taxonomy: Taxonomy;
  readonly clock: Clock;
  readonly memory?: ReplyMemory;
}

const openAiUrl = 'https://api.openai.com/v1';

/** Opens no connection. @throws AppError SETTINGS_INVALID for what this version does not have */
export function createClassifierFromSettings(parts: LlmParts): Classifier {
  const { settings, model, apiKey, taxonomy, clock, memory } = parts;
  refuseWhatIsMissing(settings);
  const base = (settings.llmBaseUrl ?? openAiUrl).replace(/\/+$/, '');
  const bounds = { ...modelCallBounds, wholeMs: settings.llmTimeoutSeconds * 1_000 };
  const client = createChatClient({
    model,
    apiKey,
    host: new URL(base).host,
    tokenLimitName: settings.llmBaseUrl === null ? 'max_completion_tokens' : 'max_tokens',
    maxConcurrency: settings.llmMaxConcurrency ?? settings.workerConcurrency,
    post: createPostJson({ url: `${base}/chat/completions`, bounds }),
    tryAgain: createTryAgain({ clock }),
    clock,
  });
  const redacts = settings.llmRedact === 'auto' ? isRemote(base) : settings.llmRedact === 'on';
  const classifier = createLlmClassifier({ taxonomy, client, memory, redacts });
  return settings.classifierFallback === 'offline'
    ? withFallback(classifier, createOfflineClassifier(taxonomy))
    : classifier;
}

/** A budget that is not kept to would be worse than none. */
function refuseWhatIsMissing({ llmProvider, llmBudgetUsdPerDay, llmPricesFile }: LlmSettings): void {
  const missing = [
    llmProvider === 'anthropic' || llmProvider === 'google'
      ? `LLM_PROVIDER=${llmProvider} is not in this version. Use openai, or compatible with the LLM_BASE_URL of a server that speaks the OpenAI API.`
      : '',
    llmBudgetUsdPerDay === null
      ? ''
      : "LLM_BUDGET_USD_PER_DAY is not in this version. Unset it, and set the limit in the provider's console.",
    llmPricesFile === null ? '' : 'LLM_PRICES_FILE is not in this version. Unset it.',
  ].filter((words) => words !== '');
  if (missing.length > 0) throw new AppError('SETTINGS_INVALID', missing.join(' '));
}

/** False for this machine and its private network: loopback, private addresses, names without a point. */
export function isRemote(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host.includes(':')) return !/^(?:::1$|f[cd]|fe80)/.test(host);
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) {
    return !/^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)/.test(host);
  }
  return host.includes('.') && !/\.(?:local|internal|localhost|lan)$/.test(host);
}
