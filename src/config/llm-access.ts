/** The provider, address and key that result from the settings, and the setting that each of them came from. */
import { type Config, type SettingKey, settings } from './schema.ts';

type Provider = Config['llmProvider'];

export interface LlmAccess {
  readonly provider: Provider;
  /** null: the provider's public address. */
  readonly baseUrl: string | null;
  /** Name of the setting; null: none is set. */
  readonly baseUrlFrom: string | null;
  /** null: none, for example with a server of your own. */
  readonly apiKey: string | null;
  readonly apiKeyFrom: string | null;
}

type ProviderKey = Extract<
  SettingKey,
  'openaiApiKey' | 'anthropicApiKey' | 'googleApiKey' | 'geminiApiKey' | 'azureApiKey'
>;
type ProviderAddress = Extract<
  SettingKey,
  'openaiBaseUrl' | 'openaiApiBase' | 'anthropicBaseUrl' | 'googleBaseUrl' | 'azureEndpoint' | 'ollamaHost'
>;

interface ProviderNames {
  readonly keys: readonly ProviderKey[];
  readonly addresses: readonly ProviderAddress[];
}

const openAiNames: ProviderNames = { keys: ['openaiApiKey'], addresses: ['openaiBaseUrl', 'openaiApiBase'] };

/** The variables that the libraries of each provider read, in their order. */
const namesOf: Readonly<Record<Provider, ProviderNames>> = {
  openai: openAiNames,
  compatible: openAiNames,
  anthropic: { keys: ['anthropicApiKey'], addresses: ['anthropicBaseUrl'] },
  google: { keys: ['googleApiKey', 'geminiApiKey'], addresses: ['googleBaseUrl'] },
  azure: { keys: ['azureApiKey'], addresses: ['azureEndpoint'] },
  ollama: { keys: [], addresses: ['ollamaHost'] },
};

/** LLM_* before the provider's own names. A key or address goes to no other provider than the one it is named after. */
export function llmAccess(config: Config): LlmAccess {
  const { llmProvider: provider } = config;
  const { keys, addresses } = namesOf[provider];
  const keyName = firstSet(config, ['llmApiKey', ...keys]);
  const addressName = firstSet(config, ['llmBaseUrl', ...addresses]);
  return {
    provider,
    baseUrl: baseUrlOf(provider, addressName, config),
    baseUrlFrom: addressName === undefined ? null : settings[addressName].name,
    apiKey: keyName === undefined ? null : config[keyName],
    apiKeyFrom: keyName === undefined ? null : settings[keyName].name,
  };
}

function firstSet<K extends SettingKey>(config: Config, keys: readonly K[]): K | undefined {
  return keys.find((key) => config[key] !== null);
}

function baseUrlOf(
  provider: Provider,
  name: 'llmBaseUrl' | ProviderAddress | undefined,
  config: Config,
): string | null {
  if (name === 'azureEndpoint') return azureAddress(config.azureEndpoint ?? '');
  if (name === 'ollamaHost' || (name === undefined && provider === 'ollama')) return ollamaAddress(config.ollamaHost);
  return name === undefined ? null : config[name];
}

/** Azure's v1 API, which needs no version: learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle */
function azureAddress(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  const prefix = pathname.replace(/\/openai(\/.*)?$/, '').replace(/\/+$/, '');
  return `${origin}${prefix}/openai/v1`;
}

/** As Ollama's own clients read it: without a scheme its port is 11434; the address of all interfaces is this machine. */
function ollamaAddress(host: string | null): string {
  const given = (host ?? '').replace(/\/+$/, '');
  const url = new URL(/^https?:\/\//i.test(given) ? given : `http://${withOllamaPort(given)}`);
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path.endsWith('/v1') ? path : `${path}/v1`}`;
}

function withOllamaPort(hostAndPort: string): string {
  const host = hostAndPort.replace(/:\d+$/, '');
  const port = /:(\d+)$/.exec(hostAndPort)?.[1] ?? '11434';
  return `${host === '' ? '127.0.0.1' : host}:${port}`;
}

/** Variables of other providers that are set, by provider. */
export function otherProvidersSet(config: Config): readonly { provider: Provider; names: readonly string[] }[] {
  const chosen = namesOf[config.llmProvider];
  return (Object.keys(namesOf) as Provider[]).flatMap((provider) => {
    const { keys, addresses } = namesOf[provider];
    if (namesOf[provider] === chosen || provider === 'compatible') return [];
    const names = [...keys, ...addresses].filter((key) => config[key] !== null).map((key) => settings[key].name);
    return names.length === 0 ? [] : [{ provider, names }];
  });
}

/** For people: `openai, address from OPENAI_BASE_URL, key from OPENAI_API_KEY`. */
export function describeLlmAccess({ provider, baseUrlFrom, apiKeyFrom, baseUrl }: LlmAccess): string {
  const ownAddress = baseUrl === null ? "the provider's public address" : 'its usual address';
  const address = baseUrlFrom === null ? ownAddress : `address from ${baseUrlFrom}`;
  return `${provider}, ${address}, ${apiKeyFrom === null ? 'no key' : `key from ${apiKeyFrom}`}`;
}

/** Advice where a provider's variables are set but no model is used; undefined: none is needed. */
export function unusedProviderHint(config: Config): string | undefined {
  const access = llmAccess(config);
  if (config.classifier === 'offline' || access.apiKey !== null || access.baseUrl !== null) return undefined;
  const [other] = otherProvidersSet(config);
  if (other === undefined) return undefined;
  const { provider, names } = other;
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} set, but LLM_PROVIDER is ${config.llmProvider}: no model is asked and nothing is sent. Set LLM_PROVIDER=${provider} and LLM_MODEL to use it.`;
}
