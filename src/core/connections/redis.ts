/** Redis connections, their limits, and the checks that a server is suitable for our queues. */
import { type RedisOptions as NodeRedisOptions, Redis } from 'ioredis';
import { AppError } from '../errors.ts';
import { quoted } from '../server-faults/network.ts';
import {
  isConnectionLost,
  redisAnswerMs,
  redisReason,
  redisRefusalOf,
  translateRedisError,
} from '../server-faults/redis.ts';
import { readGreeting } from '../server-faults/redis-greeting.ts';
import { redisTlsOf } from './redis-tls.ts';

export type { Redis } from 'ioredis';

export interface RedisFacts {
  readonly version: string;
  readonly latencyMs: number;
  /** The eviction policy of Redis; any policy except `noeviction` may delete jobs. */
  readonly evictionPolicy: string;
  readonly usedBytes: number;
}

/** Reconnects every 500 ms to 2 s (with jitter), without limit. */
const reconnectMs = [500, 1_000, 1_500] as const;
const oldestVersion = [6, 2] as const;

export interface RedisOptions {
  readonly url: string;
  readonly name: string;
  /** `queue`: for BullMQ, whose commands have no limit · `commands`: each command has 5 s · `listener`: subscribes. */
  readonly use: 'queue' | 'commands' | 'listener';
  readonly onChange?: (change: { state: 'down' | 'up'; reason: string; downMs: number }) => void;
}

/** The last refusal on each connection: a command that was retried until its timeout does not contain the reason. */
const refusals = new WeakMap<Redis, { readonly error: Error; readonly atMs: number }>();
const refusalMemoryMs = 2 * redisAnswerMs;

/**
 * When the server refuses the database of the address, ioredis would silently use database 0 and take other programs' messages.
 * So the connection is closed during its handshake, before any command is sent. Also covers the connections that BullMQ duplicates.
 */
function inOneDatabase<R extends Pick<Redis, 'on' | 'disconnect' | 'duplicate'>>(redis: R): R {
  redis.on('error', (error: Error & { command?: { name?: unknown } }) => {
    if (error.command?.name === 'select') redis.disconnect(true);
  });
  const duplicate = redis.duplicate.bind(redis);
  return Object.assign(redis, {
    duplicate: (override?: Partial<NodeRedisOptions>) => inOneDatabase(duplicate(override)),
  });
}

/** The database number of an address, from its path or `?db=`. @throws AppError REDIS_REFUSED where it is not a number */
export function redisDatabaseOf(url: string): number {
  if (!URL.canParse(url)) return 0;
  const { pathname, searchParams } = new URL(url);
  const given = pathname.slice(1) || (searchParams.get('db') ?? '');
  if (!/^\d{0,9}$/.test(given))
    throw new AppError(
      'REDIS_REFUSED',
      `The database in ${describeRedis(url)} must be a whole number such as 0, got "${given.slice(0, 20)}". Correct the address.`,
    );
  return Number(given);
}

/** A server that accepts the connection but refuses writes is not back yet: a failover takes some seconds. */
const readOnlyMemoryMs = 5_000;

/** Opens a connection that reconnects without limit, and reports when it is lost and when it is back. */
export function createRedis({ url, name, use, onChange }: RedisOptions): Redis {
  let reason = 'connection closed';
  let readOnlySinceMs = Number.NEGATIVE_INFINITY;
  let readOnlyAtMs = Number.NEGATIVE_INFINITY;
  const wasReadOnly = () => performance.now() - readOnlyAtMs < readOnlyMemoryMs;
  const redis: Redis = inOneDatabase(
    new Redis(url, {
      db: redisDatabaseOf(url),
      tls: redisTlsOf(url),
      connectionName: name,
      connectTimeout: redisAnswerMs,
      ...(use === 'commands' ? { commandTimeout: redisAnswerMs } : {}),
      // Only with this protocol version ioredis delivers key invalidations as messages of a channel.
      ...(use === 'listener' ? { protocol: 2 } : {}),
      maxRetriesPerRequest: null,
      // Sends all commands of one event loop turn in one write; saves a tenth of a worker's processor time (measured).
      enableAutoPipelining: true,
      enableReadyCheck: true,
      // After a failover the old primary answers READONLY as long as the connection is open; a new connection finds the new primary.
      reconnectOnError(error) {
        if (!error.message.startsWith('READONLY')) return false;
        refusals.set(redis, { error, atMs: performance.now() });
        reason = redisReason(error);
        if (!wasReadOnly()) readOnlySinceMs = performance.now();
        readOnlyAtMs = performance.now();
        return 2;
      },
      retryStrategy(times) {
        // Connecting to a replica succeeds, so `times` starts at 1 each time.
        const tries = wasReadOnly() && readOnlyAtMs - readOnlySinceMs > reconnectMs[0] ? reconnectMs.length : times;
        return (reconnectMs[Math.min(tries, reconnectMs.length) - 1] ?? 0) * (0.75 + Math.random() * 0.5);
      },
    }),
  );
  let downSinceMs: number | undefined;
  let announcing: NodeJS.Timeout | undefined;
  redis.on('error', (error: Error) => {
    reason = redisReason(error);
  });
  redis.on('close', () => {
    clearTimeout(announcing);
    if (downSinceMs !== undefined) return;
    downSinceMs = performance.now();
    // After a refused connection the error event has the reason; `end` follows only our own disconnect.
    setImmediate(
      () => downSinceMs !== undefined && redis.status !== 'end' && onChange?.({ state: 'down', reason, downMs: 0 }),
    );
  });
  const announceUp = (downMs: number) => {
    downSinceMs = undefined;
    onChange?.({ state: 'up', reason: 'connected', downMs });
  };
  redis.on('ready', () => {
    if (downSinceMs === undefined) return;
    const downMs = performance.now() - downSinceMs;
    if (!wasReadOnly()) return announceUp(downMs);
    announcing = setTimeout(announceUp, readOnlyMemoryMs, downMs);
    announcing.unref();
  });
  return redis;
}

/** Writes a key that expires. @throws AppError REDIS_* when Redis is unreachable or refuses writes */
export async function probeWrites(redis: Redis, url: string): Promise<void> {
  try {
    await redis.set('vambe:probe', '1', 'EX', 10);
  } catch (error) {
    const last = refusals.get(redis);
    const isRecent = last !== undefined && performance.now() - last.atMs < refusalMemoryMs;
    const refused = isRecent && !redisRefusalOf(error) ? last.error : error;
    const fault = translateRedisError(refused, describeRedis(url));
    if (fault.code !== 'REDIS_FULL') throw fault;
    const { said } = redisRefusalOf(refused) ?? { said: '' };
    throw new AppError(
      'REDIS_FULL',
      `Redis at ${describeRedis(url)} is full (${await usage(redis)}; ${quoted(said)}). Raise its maxmemory; accepted jobs wait.`,
      { cause: error },
    );
  }
}

async function usage(redis: Redis): Promise<string> {
  const info = await redis.info('memory').catch(() => '');
  const mebibytes = (name: string) =>
    `${(Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0) / 2 ** 20).toFixed(1)} MiB`;
  return `${mebibytes('used_memory')} used of ${mebibytes('maxmemory')}`;
}

/**
 * Connects once and returns facts about the server; `writes`: also tests whether it accepts writes.
 * @throws AppError REDIS_UNREACHABLE, REDIS_FULL, REDIS_REFUSED (user, database, TLS), REDIS_UNSUITABLE (version, cluster, not Redis)
 */
export async function probeRedis(url: string, { writes = false }: { writes?: boolean } = {}): Promise<RedisFacts> {
  const where = describeRedis(url);
  const redis: Redis = inOneDatabase(
    new Redis(url, {
      db: redisDatabaseOf(url),
      tls: redisTlsOf(url),
      lazyConnect: true,
      connectTimeout: redisAnswerMs,
      commandTimeout: redisAnswerMs,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
    }),
  );
  let seen: Error | undefined;
  redis.on('error', (error: Error) => {
    // The server's own reason is more useful than the closed connection that follows.
    seen = redisRefusalOf(seen) ? seen : error;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const before = performance.now();
    await redis.ping();
    const facts = suitable(info, performance.now() - before, where);
    if (writes) await probeWrites(redis, url);
    return facts;
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isConnectionLost(error) && !redisRefusalOf(seen)) seen = (await readGreeting(url)) ?? seen;
    throw translateRedisError(isConnectionLost(error) && seen ? seen : error, where);
  } finally {
    redis.disconnect();
  }
}

function suitable(info: string, latencyMs: number, where: string): RedisFacts {
  const facts = new Map(
    info.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const version = facts.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1])) {
    throw new AppError(
      'REDIS_UNSUITABLE',
      `Redis at ${where} is version ${version || 'unknown'}; at least ${oldestVersion.join('.')} is needed. Upgrade it or set REDIS_URL to another server.`,
    );
  }
  if (facts.get('cluster_enabled') === '1') {
    throw new AppError(
      'REDIS_UNSUITABLE',
      `Redis at ${where} runs in cluster mode, which does not support commands over several keys. Set REDIS_URL to a single server.`,
    );
  }
  return {
    version: facts.get('valkey_version') ? `${version} (Valkey ${facts.get('valkey_version')})` : version,
    latencyMs,
    evictionPolicy: facts.get('maxmemory_policy') ?? 'unknown',
    usedBytes: Number(facts.get('used_memory') ?? 0),
  };
}

/** `redis://host:port/db`, without user and password. */
export function describeRedis(url: string): string {
  try {
    const { protocol, hostname, port, pathname } = new URL(url);
    return `${protocol}//${hostname}:${port || 6379}${pathname}`;
  } catch {
    return 'the given address';
  }
}
