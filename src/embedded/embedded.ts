/** PostgreSQL and Redis on this machine: returns two addresses, from new servers or from servers that already run on the folder. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../core/errors.ts';
import { prepareDataFolder } from './data-folder.ts';
import { findRuntime, type Runtime } from './runtime-file.ts';

export interface EmbeddedRequest {
  dataDir: string;
  postgres: boolean;
  redis: boolean;
  broker: 'wasm' | 'system';
  /** Called for events of the running servers: restarts, failed saves, files moved aside. */
  onEvent?: (event: { name: string; fields: Record<string, unknown> }) => void;
}

export interface EmbeddedServers {
  postgresUrl: string | null;
  redisUrl: string | null;
  /** true when another process owns the servers and we attached */
  attached: boolean;
  /** Stops the servers; does nothing to servers of another process that we attached to. May be called twice. */
  stop(): Promise<void>;
}

/** A first start on a slow machine, or the last save of a stopping host, may take this long. */
const waitForOtherMs = 60_000;
const pollMs = 50;

/**
 * Starts the requested servers, or attaches to the process that already serves this data folder.
 * Throws DATA_FOLDER_IN_USE, DATA_FOLDER_UNUSABLE, EMBEDDED_UNAVAILABLE.
 */
export async function startEmbedded(request: EmbeddedRequest): Promise<EmbeddedServers> {
  const { postgres, redis, broker, onEvent } = request;
  if (!postgres && !redis) return { postgresUrl: null, redisUrl: null, attached: false, stop: async () => undefined };
  const dataDir = resolve(request.dataDir);
  prepareDataFolder(dataDir);
  for (const until = Date.now() + waitForOtherMs; ; await sleep(pollMs)) {
    const runtime = findRuntime(dataDir);
    if (runtime) return attach(runtime, { ...request, dataDir });
    // Most commands attach, and need none of what starts servers.
    const [{ findLockHolder, folderInUse }, { startOwnedHost }] = await Promise.all([
      import('./lock.ts'),
      import('./owned-host.ts'),
    ]);
    const holder = findLockHolder(dataDir);
    if (holder && Date.now() > until) throw folderInUse(dataDir, holder);
    if (holder) continue; // It is starting, or stopping.
    try {
      const host = await startOwnedHost({ dataDir, postgres, redis, broker, keepPorts: false }, (name, fields) =>
        onEvent?.({ name, fields }),
      );
      return { ...host, attached: false };
    } catch (error) {
      // Another process started first: attach to its servers as soon as they are ready.
      const isTaken = error instanceof AppError && error.code === 'DATA_FOLDER_IN_USE';
      if (!isTaken || Date.now() > until) throw error;
    }
  }
}

function attach(runtime: Runtime, { dataDir, postgres, redis }: EmbeddedRequest): EmbeddedServers {
  const postgresUrl = postgres ? runtime.postgresUrl : null;
  const redisUrl = redis ? runtime.redisUrl : null;
  if (postgres && !postgresUrl) throw serverNotThere(dataDir, runtime, 'PostgreSQL', 'POSTGRES_HOST');
  if (redis && !redisUrl) throw serverNotThere(dataDir, runtime, 'Redis', 'REDIS_URL');
  return { postgresUrl, redisUrl, attached: true, stop: async () => undefined };
}

function serverNotThere(dataDir: string, { host, since }: Runtime, server: string, setting: string): AppError {
  const message =
    `The servers of the data folder ${dataDir} (process ${host.pid}, since ${since}) run without the embedded ${server} ` +
    `that is needed here. Stop that process, set ${setting}, or set VAMBE_DATA_DIR to another folder.`;
  return new AppError('DATA_FOLDER_IN_USE', message, { details: { path: dataDir, pid: host.pid } });
}
