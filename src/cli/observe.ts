/** Looks at servers and workers without starting, waiting for or changing anything: for commands that ask how things stand. */

import type { Config } from '../config/schema.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { withDeadline } from '../core/deadline.ts';
import { AppError } from '../core/errors.ts';
import { listSilentWorkers, listWorkers, type SilentWorker, type WorkerState } from '../core/queue/presence.ts';
import { createRedis, probeRedis, type Redis, type RedisFacts } from '../core/redis.ts';
import type { Cli } from './cli.ts';

export interface LocatedServers {
  /** null: embedded, and nobody runs it at the moment. */
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
  readonly embedded: { readonly postgres: boolean; readonly redis: boolean; readonly dataDir: string };
}

/** Where the servers are: the addresses that are set, else those of embedded servers that run now. Starts none. */
export async function locateServers(config: Config): Promise<LocatedServers> {
  const [derived, { findRuntime }, path] = await Promise.all([
    import('../config/derived.ts'),
    import('../embedded/runtime-file.ts'),
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

/** One look at Redis within a bound. @throws AppError REDIS_* */
export async function lookAtRedis<T>(
  url: string,
  timeoutMs: number,
  look: (redis: Redis, facts: RedisFacts) => Promise<T>,
): Promise<T> {
  let redis: Redis | undefined;
  const work = async () => {
    const facts = await probeRedis(url);
    redis = createRedis({ url, name: 'vambe look', use: 'queue' });
    return look(redis, facts);
  };
  try {
    return await withDeadline(work(), timeoutMs, 'it was asked how things stand');
  } finally {
    redis?.disconnect();
  }
}

export interface Presence {
  readonly alive: readonly WorkerState[];
  readonly silent: readonly SilentWorker[];
}

export async function readPresence(redis: Redis, clock: Clock = systemClock): Promise<Presence> {
  const alive = await listWorkers(redis, clock);
  return { alive, silent: await listSilentWorkers(redis, clock) };
}

const runningLookMs = 2_000;

/** Task ids that workers run now; none, and a note, where Redis cannot say. */
export async function readRunning(cli: Cli, redisUrl: string | null): Promise<readonly string[]> {
  if (redisUrl === null) return [];
  try {
    const { alive } = await lookAtRedis(redisUrl, runningLookMs, (redis) => readPresence(redis));
    return alive.flatMap(({ active }) => active.map(({ task_id }) => task_id));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    cli.note(`vambe: jobs that run now are shown as queued: ${error.message}`);
    return [];
  }
}
