/** Before any work: do the servers answer, are they what we need, and does the schema fit this build? */
import { createDatabase, type Database, type DatabaseFacts } from './core/connections/database.ts';
import type { RedisFacts } from './core/connections/redis.ts';
import { AppError } from './core/errors.ts';
import type { Log } from './core/log/logger.ts';
import { requireRights } from './models/rights.ts';
import { checkSchema, migrateDatabase, type SchemaFacts } from './models/schema-check.ts';

/** A try each 2 s, one log line a minute. */
const retryEveryMs = 2_000;
const reminderEveryMs = 60_000;

export interface PreflightOptions {
  readonly postgresUrl: string;
  /** Of that address, where the caller has it open already; otherwise one is opened and closed. */
  readonly database?: Database;
  /** null: this command does not need Redis. */
  readonly redisUrls: readonly string[];
  /**
   * A Redis that takes no writes (full, a replica) is waited for too, and rights that are missing in PostgreSQL are refused: for workers,
   * as what a command accepts waits in PostgreSQL, and a command may only read.
   */
  readonly needsWrites?: boolean;
  /** How long to wait for a server that does not answer; one that refuses us ends the command at once. */
  readonly patienceMs: number;
  /** Runs the migrations instead of refusing an old schema: for servers that are ours alone. */
  readonly migrates: boolean;
  /** Such a migration also makes those of the API's tables that are absent: for embedded servers. */
  readonly createsApiTables?: boolean;
  /** Waits for the API's tables as long as it takes: for workers, which may start before the API's own migrations. */
  readonly waitsForApiTables?: boolean;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

export interface PreflightReport {
  readonly database: DatabaseFacts;
  readonly schema: SchemaFacts;
  readonly redis: readonly RedisFacts[];
}

/** @throws AppError REDIS_*, DATABASE_*, SCHEMA_*, API_TABLES_MISSING */
export async function preflight(options: PreflightOptions): Promise<PreflightReport> {
  const [redis, database] = await Promise.all([
    options.redisUrls.length === 0 ? [] : checkRedis(options),
    patiently('database', options, () => checkDatabase(options)),
  ]);
  return { redis, ...database };
}

async function checkRedis(options: PreflightOptions): Promise<readonly RedisFacts[]> {
  // Its client takes longer to load than all else that a command on the database needs.
  const [{ describeRedis, probeRedis }, { isUncheckedTls }] = await Promise.all([
    import('./core/connections/redis.ts'),
    import('./core/connections/redis-tls.ts'),
  ]);
  const writes = options.needsWrites;
  const redis = await Promise.all(
    options.redisUrls.map((url) => patiently('redis', options, () => probeRedis(url, { writes }))),
  );
  for (const url of options.redisUrls.filter(isUncheckedTls)) {
    options.log.warn('redis.unchecked_tls', {
      url: describeRedis(url),
      remedy:
        'ssl_cert_reqs=none checks no certificate. Use ssl_cert_reqs=required, with ssl_ca_certs for a private authority.',
    });
  }
  for (const { evictionPolicy } of redis) {
    if (evictionPolicy !== 'noeviction') {
      options.log.warn('redis.may_evict', {
        policy: evictionPolicy,
        remedy: 'Redis may drop jobs when it is full. Set maxmemory-policy noeviction.',
      });
    }
  }
  return redis;
}

async function checkDatabase(options: PreflightOptions): Promise<Pick<PreflightReport, 'database' | 'schema'>> {
  if (options.database !== undefined) return checkOpened(options.database, options);
  const database = createDatabase({ url: options.postgresUrl, poolSize: 2, applicationName: 'vambe preflight' });
  try {
    return await checkOpened(database, options);
  } finally {
    await database.close();
  }
}

async function checkOpened(
  database: Database,
  { migrates, createsApiTables = false, needsWrites = false }: PreflightOptions,
): Promise<Pick<PreflightReport, 'database' | 'schema'>> {
  const facts = await database.testConnection();
  const major = Number(facts.version.split('.')[0]);
  if (major < 12) {
    throw new AppError(
      'DATABASE_UNSUITABLE',
      `PostgreSQL is version ${facts.version}; at least 12 is needed, 15 is what is tested. Upgrade it or set POSTGRES_HOST to another server.`,
    );
  }
  if (migrates) await migrateDatabase(database, { createsApiTables });
  if (needsWrites) await requireRights(database);
  return { database: facts, schema: await checkSchema(database) };
}

async function patiently<T>(
  part: 'redis' | 'database',
  { patienceMs, waitsForApiTables = false, log, signal }: PreflightOptions,
  look: () => Promise<T>,
): Promise<T> {
  const startMs = performance.now();
  let [toldMs, toldCode] = [Number.NEGATIVE_INFINITY, ''];
  for (;;) {
    try {
      const facts = await look();
      if (toldMs > 0) log.info(`${part}.back`, { after_s: Number(((performance.now() - startMs) / 1_000).toFixed(1)) });
      return facts;
    } catch (error) {
      if (!(error instanceof AppError) || signal?.aborted) throw error;
      const lacksTables = error.code === 'API_TABLES_MISSING';
      const isInTime = performance.now() - startMs + retryEveryMs <= patienceMs;
      const waits = lacksTables ? waitsForApiTables : error.fault === 'transient' && isInTime;
      if (!waits) throw error;
      if (error.code !== toldCode || performance.now() - toldMs > reminderEveryMs) {
        [toldMs, toldCode] = [performance.now(), error.code];
        log.warn(lacksTables ? 'database.tables_missing' : `${part}.down`, {
          code: error.code,
          error: error.message,
          next: `trying again every ${retryEveryMs / 1_000} s`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
    }
  }
}
