/** Finds settings that are valid on their own but contradict each other. */
import { nearestName } from '../core/nearest-name.ts';
import { redisUrl, softTaskTimeoutSeconds, usesLlm } from './derived.ts';
import { llmAccess, otherProvidersSet, unusedProviderHint } from './llm-access.ts';
import type { Config, SettingKey } from './schema.ts';
import { settings } from './schema.ts';

const redisParts = ['redisPort', 'redisUsername', 'redisPassword', 'redisDb'] as const;
const databaseParts = ['postgresPort', 'postgresDb', 'postgresUser', 'postgresPassword'] as const;

/** Faults stop a start, warnings do not. `isSet`: the setting was given, it is not a default. */
export function contradictions(config: Config, isSet: (key: SettingKey) => boolean) {
  return { faults: [...faultsOf(config), ...llmFaults(config, isSet)], warnings: warningsOf(config, isSet) };
}

function faultsOf(config: Config): string[] {
  const faults: string[] = [];
  for (const key of ['celeryBrokerUrl', 'celeryResultBackend'] as const) {
    if (config[key] !== null && redisUrl(config) === null) {
      faults.push(
        `${settings[key].name} is set but REDIS_URL is not, so queues would go to an embedded server of this machine. Set REDIS_URL too, to the same address unless they are two servers.`,
      );
    }
  }
  if (config.failpoints !== null && config.nodeEnv === 'production') {
    faults.push('FAILPOINTS is set while NODE_ENV is production: it makes code fail on purpose. Unset it.');
  }
  return faults;
}

function llmFaults(config: Config, isSet: (key: SettingKey) => boolean): string[] {
  const { provider, apiKey, apiKeyFrom, baseUrl } = llmAccess(config);
  const faults: string[] = [];
  if (config.classifier === 'offline') return faults;
  const isNowhere = apiKey === null && baseUrl === null;
  if (config.classifier === 'llm' && isNowhere) {
    const hint = unusedProviderHint(config) ?? 'Set LLM_API_KEY, or LLM_BASE_URL for a server of your own.';
    faults.push(`CLASSIFIER is llm, but neither a key nor a server is set. ${hint} Or set CLASSIFIER=offline.`);
  }
  if (provider === 'compatible' && baseUrl === null) {
    faults.push('LLM_PROVIDER is compatible, but LLM_BASE_URL is not set. Set it to the address of that server.');
  }
  if (provider === 'azure' && baseUrl === null) {
    faults.push(
      'LLM_PROVIDER is azure, but AZURE_OPENAI_ENDPOINT is not set. Set it to https://NAME.openai.azure.com, the address of your resource.',
    );
  }
  const needsModel = usesLlm(config) && provider !== 'openai' && provider !== 'compatible';
  if (needsModel && config.llmModel === null) {
    const whose = provider === 'azure' ? 'one of your deployments' : 'one of its models';
    faults.push(`LLM_PROVIDER is ${provider}, but LLM_MODEL is not set. Set it to the name of ${whose}.`);
  }
  // A key without a provider's name beside another provider's names: it is not known which provider issued it.
  const others = otherProvidersSet(config).filter(
    (other) => apiKeyFrom === 'LLM_API_KEY' || (apiKeyFrom === 'OPENAI_API_KEY' && other.provider === 'azure'),
  );
  if (!isSet('llmProvider') && baseUrl === null && others[0] !== undefined) {
    faults.push(
      `${apiKeyFrom} and ${others[0].names[0]} are set, but LLM_PROVIDER is not, so transcripts would go to api.openai.com. Set LLM_PROVIDER=${others[0].provider}, or LLM_PROVIDER=openai if that is meant.`,
    );
  }
  return faults;
}

function llmWarnings(config: Config, isSet: (key: SettingKey) => boolean): string[] {
  const warnings: string[] = [];
  if (!usesLlm(config)) return warnings;
  const { provider } = llmAccess(config);
  if (provider === 'azure' && isSet('openaiApiVersion')) {
    warnings.push(
      "OPENAI_API_VERSION is not used: Azure's v1 API is called, which has no versions. LLM_MODEL names the deployment.",
    );
  }
  const softSeconds = softTaskTimeoutSeconds(config);
  if (config.llmTimeoutSeconds > softSeconds) {
    const needed = Math.max(config.llmTimeoutSeconds + 60, 120);
    warnings.push(
      `LLM_TIMEOUT_SECONDS is ${config.llmTimeoutSeconds}, but with TASK_TIMEOUT ${config.taskTimeoutSeconds} an attempt is asked to stop after ${softSeconds} s: calls would be abandoned, and paid for. Set TASK_TIMEOUT to ${needed} or more, or lower LLM_TIMEOUT_SECONDS.`,
    );
  }
  return warnings;
}

function warningsOf(config: Config, isSet: (key: SettingKey) => boolean): string[] {
  const warnings: string[] = [];
  const namesOf = (keys: readonly SettingKey[]) => keys.filter(isSet).map((key) => settings[key].name);
  if (config.postgresHost === null && config.databaseUrl === null) {
    const idle = namesOf(databaseParts);
    if (idle.length > 0) {
      warnings.push(
        `${idle.join(', ')} given without POSTGRES_HOST: the embedded PostgreSQL is used. Set POSTGRES_HOST to use a real one.`,
      );
    }
  }
  if (redisUrl(config) === null) {
    const idle = namesOf(redisParts);
    if (idle.length > 0) {
      warnings.push(
        `${idle.join(', ')} given without REDIS_HOST: the embedded Valkey is used. Set REDIS_HOST or REDIS_URL to use a real one.`,
      );
    }
  }
  if (config.redisUrl !== null && config.redisHost !== null && hostOf(config.redisUrl) !== config.redisHost) {
    warnings.push('REDIS_URL and REDIS_HOST name different hosts; REDIS_URL is used.');
  }
  const names = [...settings.workerQueues.default, ...(config.queueName === null ? [] : [config.queueName])];
  for (const queue of config.workerQueues) {
    const nearest = names.includes(queue) ? undefined : nearestName(queue, names);
    if (nearest !== undefined) warnings.push(`WORKER_QUEUES names "${queue}". Did you mean "${nearest}"?`);
  }
  return [...warnings, ...llmWarnings(config, isSet)];
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
