/** Gives a command its servers and its app: real ones where an address is set, embedded ones where none is. */

import type { Config } from '../../config/schema.ts';
import type { Log } from '../../core/log/logger.ts';
import type { Core } from '../../wiring.ts';
import type { Cli } from './cli.ts';

export interface ServerUrls {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** Which of the two are embedded; `attached` when another process owns them. */
  readonly embedded: {
    readonly postgres: boolean;
    readonly redis: boolean;
    readonly attached: boolean;
    readonly dataDir: string;
  };
  stop(): Promise<void>;
}

/** Commands other than `worker` and `up` wait this long for a server that does not answer. */
const patienceMs = 10_000;

/** Starts what has no address, or attaches to the process that runs it. @throws AppError DATA_FOLDER_*, EMBEDDED_UNAVAILABLE */
export async function openServers(config: Config, log: Log): Promise<ServerUrls> {
  const derived = await import('../../config/derived.ts');
  const [postgres, redis] = [derived.postgresUrl(config), derived.redisUrl(config)];
  const embedded = { postgres: postgres === null, redis: redis === null, attached: false, dataDir: config.dataDir };
  if (postgres !== null && redis !== null)
    return { postgresUrl: postgres, redisUrl: redis, embedded, stop: async () => undefined };
  const { startEmbedded } = await import('../../embedded/embedded.ts');
  const servers = await startEmbedded({
    dataDir: config.dataDir,
    postgres: embedded.postgres,
    redis: embedded.redis,
    broker: config.broker,
    onEvent: ({ name, fields }) => log.warn(name, fields),
  });
  return {
    postgresUrl: postgres ?? servers.postgresUrl ?? '',
    redisUrl: redis ?? servers.redisUrl ?? '',
    embedded: { ...embedded, attached: servers.attached },
    stop: () => servers.stop(),
  };
}

/** A log for commands: warnings and faults on stderr, unless LOG_LEVEL says otherwise. */
export async function commandLog(cli: Cli): Promise<Log> {
  const { createLogger } = await import('../../core/log/logger.ts');
  const { config, origin } = cli.config();
  const format = config.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json');
  return createLogger({ level: origin.logLevel === 'default' ? 'warn' : config.logLevel, format });
}

/**
 * Runs a command on the core: servers opened, tested and, where the database is embedded, migrated; all closed afterwards.
 * `needsRedis: false` for commands that read the database alone. @throws AppError as preflight
 */
export async function withCore<T>(
  cli: Cli,
  use: (core: Core, servers: ServerUrls) => Promise<T>,
  { needsRedis = true, taskFolders = [] }: { needsRedis?: boolean; taskFolders?: readonly string[] } = {},
): Promise<T> {
  const { config } = cli.config();
  const log = await commandLog(cli);
  const [{ preflight }, { createCore }] = await Promise.all([import('../../preflight.ts'), import('../../app.ts')]);
  const servers = await openServers(config, log);
  try {
    const { postgresUrl, redisUrl } = servers;
    const { schema } = await preflight({
      postgresUrl,
      redisUrls: needsRedis ? [redisUrl] : [],
      patienceMs,
      migrates: servers.embedded.postgres,
      createsApiTables: servers.embedded.postgres,
      log,
      signal: cli.signal,
    });
    const core = await createCore({ config, postgresUrl, redisUrl, schema, log, taskFolders });
    try {
      return await use(core, servers);
    } finally {
      await core.close();
    }
  } finally {
    await servers.stop();
  }
}

export interface LocatedServers {
  /** null: embedded, and not running now. */
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
  readonly embedded: { readonly postgres: boolean; readonly redis: boolean; readonly dataDir: string };
}

/** Where the servers are: the addresses that are set, else those of embedded servers that run now. Starts none. */
export async function locateServers(config: Config): Promise<LocatedServers> {
  const [derived, { findRuntime }, path] = await Promise.all([
    import('../../config/derived.ts'),
    import('../../embedded/runtime-file.ts'),
    import('node:path'),
  ]);
  const [postgres, redis] = [derived.postgresUrl(config), derived.redisUrl(config)];
  const embedded = { postgres: postgres === null, redis: redis === null, dataDir: config.dataDir };
  const runtime = embedded.postgres || embedded.redis ? findRuntime(path.resolve(config.dataDir)) : undefined;
  return {
    postgresUrl: postgres ?? runtime?.postgresUrl ?? null,
    redisUrl: redis ?? runtime?.redisUrl ?? null,
    embedded,
  };
}
