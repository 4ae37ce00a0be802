/** What is wrong with settings that are right one by one. */
import { llmApiKey, usesLlm } from './derived.ts';
import type { Config, SettingKey } from './schema.ts';
import { settings } from './schema.ts';
import { closest } from './unknown-names.ts';

const databaseParts = ['postgresPort', 'postgresDb', 'postgresUser', 'postgresPassword'] as const;

/** Faults stop a start, warnings do not; `isSet` tells what was given from what is a default. */
export function contradictions(config: Config, isSet: (key: SettingKey) => boolean) {
  return { faults: faultsOf(config), warnings: warningsOf(config, isSet) };
}

function faultsOf(config: Config): string[] {
  const faults: string[] = [];
  for (const key of ['celeryBrokerUrl', 'celeryResultBackend'] as const) {
    if (config[key] !== null && config.redisUrl === null) {
      faults.push(
        `${settings[key].name} is set but REDIS_URL is not, so queues would go to an embedded server of this machine. Set REDIS_URL too, to the same address unless they are two servers.`,
      );
    }
  }
  if (config.classifier === 'llm' && llmApiKey(config) === null && config.llmBaseUrl === null) {
    faults.push(
      'CLASSIFIER is llm, but neither a key nor a server is set. Set LLM_API_KEY, or LLM_BASE_URL for a server of your own, or CLASSIFIER=offline.',
    );
  }
  if (config.classifier !== 'offline' && config.llmProvider === 'compatible' && config.llmBaseUrl === null) {
    faults.push('LLM_PROVIDER is compatible, but LLM_BASE_URL is not set. Set it to the address of that server.');
  }
  const { llmProvider: provider } = config;
  if (usesLlm(config) && (provider === 'anthropic' || provider === 'google') && config.llmModel === null) {
    faults.push(`LLM_PROVIDER is ${provider}, but LLM_MODEL is not set. Set it to the name of one of its models.`);
  }
  if (config.failpoints !== null && config.nodeEnv === 'production') {
    faults.push('FAILPOINTS is set while NODE_ENV is production: it makes code fail on purpose. Unset it.');
  }
  return faults;
}

function warningsOf(config: Config, isSet: (key: SettingKey) => boolean): string[] {
  const warnings: string[] = [];
  if (config.postgresHost === null && config.databaseUrl === null) {
    const idle = databaseParts.filter(isSet).map((key) => settings[key].name);
    if (idle.length > 0) {
      warnings.push(
        `${idle.join(', ')} given without POSTGRES_HOST: the embedded PostgreSQL is used. Set POSTGRES_HOST to use a real one.`,
      );
    }
  }
  const names = [...settings.workerQueues.default, ...(config.queueName === null ? [] : [config.queueName])];
  for (const queue of config.workerQueues) {
    const nearest = names.includes(queue) ? undefined : closest(queue, names);
    if (nearest !== undefined) warnings.push(`WORKER_QUEUES names "${queue}". Did you mean "${nearest}"?`);
  }
  return warnings;
}
