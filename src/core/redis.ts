/** Redis connections, their bounds, and what a server must be like to carry our queues. */
import { Redis } from 'ioredis';
import { AppError } from './errors.ts';

export type { Redis } from 'ioredis';

export interface RedisFacts {
  readonly version: string;
  readonly latencyMs: number;
  /** What Redis does when it is full; anything but `noeviction` may drop jobs. */
  readonly evictionPolicy: string;
  readonly usedBytes: number;
}

/** failure-matrix bounds: connect 5 s, command 5 s, reconnect 500 ms to 2 s (jitter included) for ever. */
const connectTimeoutMs = 5_000;
const commandTimeoutMs = 5_000;
const reconnectMs = [500, 1_000, 1_500] as const;
const oldestVersion = [6, 2] as const;

export interface RedisOptions {
  readonly url: string;
  readonly name: string;
  /** `queue`: for BullMQ, which waits for ever · `commands`: each command has 5 s · `listener`: subscribes. */
  readonly use: 'queue' | 'commands' | 'listener';
  readonly onChange?: (change: { state: 'down' | 'up'; reason: string; downMs: number }) => void;
}

/** A server that takes us and then refuses to write is not back yet: a failover takes some seconds. */
const readOnlyMemoryMs = 5_000;

/** Opens a connection that comes back by itself, for ever, and tells when it goes down and when it is back. */
export function createRedis({ url, name, use, onChange }: RedisOptions): Redis {
  let readOnlySinceMs = Number.NEGATIVE_INFINITY;
  let readOnlyAtMs = Number.NEGATIVE_INFINITY;
  const wasReadOnly = () => performance.now() - readOnlyAtMs < readOnlyMemoryMs;
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: connectTimeoutMs,
    ...(use === 'commands' ? { commandTimeout: commandTimeoutMs } : {}),
    // ioredis hands key invalidations on as messages of a channel in this protocol alone.
    ...(use === 'listener' ? { protocol: 2 } : {}),
    maxRetriesPerRequest: null,
    // What one turn of the loop asks leaves in one write: a tenth of a worker's processor time, measured.
    enableAutoPipelining: true,
    enableReadyCheck: true,
    // A failed-over replica answers READONLY for as long as the connection lives; a new one finds the new primary.
    reconnectOnError(error) {
      if (!error.message.startsWith('READONLY')) return false;
      if (!wasReadOnly()) readOnlySinceMs = performance.now();
      readOnlyAtMs = performance.now();
      return 2;
    },
    retryStrategy(times) {
      // Each connection to a replica succeeds, so that `times` begins anew.
      const tries = wasReadOnly() && readOnlyAtMs - readOnlySinceMs > reconnectMs[0] ? reconnectMs.length : times;
      return (reconnectMs[Math.min(tries, reconnectMs.length) - 1] ?? 0) * (0.75 + Math.random() * 0.5);
    },
  });
  let downSinceMs: number | undefined;
  let announcing: NodeJS.Timeout | undefined;
  let reason = 'connection closed';
  redis.on('error', (error: Error) => {
    reason = redisReason(error);
  });
  redis.on('close', () => {
    clearTimeout(announcing);
    if (downSinceMs !== undefined) return;
    downSinceMs = performance.now();
    // The reason arrives with the error event that follows a refused connection; `end` is our own goodbye.
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

/** Writes a key that goes by itself. @throws AppError REDIS_FULL, REDIS_UNREACHABLE (it answers and refuses) */
export async function probeWrites(redis: Redis): Promise<void> {
  try {
    await redis.set('vambe:probe', '1', 'EX', 10);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    if (!/^OOM /.test(words))
      throw new AppError('REDIS_UNREACHABLE', `Redis takes no work (${words.slice(0, 100)}). Accepted jobs wait.`);
    throw new AppError('REDIS_FULL', `Redis is full (${await usage(redis)}). Raise its maxmemory; accepted jobs wait.`);
  }
}

async function usage(redis: Redis): Promise<string> {
  const info = await redis.info('memory').catch(() => '');
  const mebibytes = (name: string) =>
    `${(Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0) / 2 ** 20).toFixed(1)} MiB`;
  return `${mebibytes('used_memory')} used of ${mebibytes('maxmemory')}`;
}

/**
 * Connects once and says what the server is.
 * @throws AppError REDIS_UNREACHABLE, REDIS_REFUSED (password), REDIS_UNSUITABLE (version, cluster, not Redis)
 */
export async function probeRedis(url: string): Promise<RedisFacts> {
  const where = describeRedis(url);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  let seen: Error | undefined;
  redis.on('error', (error: Error) => {
    seen = error;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const before = performance.now();
    await redis.ping();
    return suitable(info, performance.now() - before, where);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw translateRedisError(isConnectionClosed(error) && seen ? seen : error, where);
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
      `Redis at ${where} runs in cluster mode, which Celery's and our keys do not fit. Set REDIS_URL to a single server.`,
    );
  }
  return {
    version: facts.get('valkey_version') ? `${version} (Valkey ${facts.get('valkey_version')})` : version,
    latencyMs,
    evictionPolicy: facts.get('maxmemory_policy') ?? 'unknown',
    usedBytes: Number(facts.get('used_memory') ?? 0),
  };
}

export function translateRedisError(error: unknown, where: string): AppError {
  const words = error instanceof Error ? error.message : String(error);
  if (/WRONGPASS|NOAUTH|NOPERM|invalid password|without any password configured/i.test(words)) {
    return new AppError(
      'REDIS_REFUSED',
      `Redis at ${where} refused the user or password of REDIS_URL. Correct it and start again.`,
      { cause: error },
    );
  }
  if (/Protocol error|Unknown RESP type|got ".*" as reply type byte|Parser/i.test(words)) {
    return new AppError(
      'REDIS_UNSUITABLE',
      `What answers at ${where} is not Redis. Check host and port of REDIS_URL.`,
      { cause: error },
    );
  }
  return new AppError(
    'REDIS_UNREACHABLE',
    `Redis at ${where} does not answer (${redisReason(error)}). Start it, or check REDIS_URL.`,
    { cause: error },
  );
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

function redisReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return redisReason(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof Error && /timed? ?out/i.test(error.message))
    return `no answer within ${commandTimeoutMs / 1000} s`;
  return 'connection lost';
}

function isConnectionClosed(error: unknown): boolean {
  return error instanceof Error && /Connection is closed|max retries per request/i.test(error.message);
}
