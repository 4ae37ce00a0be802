/** One look at Redis and its workers; nothing is started or changed. */

import { type Clock, systemClock } from '../../core/clock.ts';
import { createRedis, probeRedis, type Redis, type RedisFacts } from '../../core/connections/redis.ts';
import { withDeadline } from '../../core/deadline.ts';
import { AppError } from '../../core/errors.ts';
import { listSilentWorkers, listWorkers, type SilentWorker, type WorkerState } from '../../core/queue/presence.ts';

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
    return await withDeadline(work(), timeoutMs, 'its queues were inspected');
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

export interface RunningJobs {
  /** Task ids that workers run now; none where Redis cannot say. */
  readonly taskIds: readonly string[];
  /** Why Redis cannot say; null: it can, or it is embedded and not running. */
  readonly trouble: string | null;
}

/** What workers run now, which the job table does not know. @param url null: Redis is embedded and not running */
export async function readRunningJobs(url: string | null): Promise<RunningJobs> {
  if (url === null) return { taskIds: [], trouble: null };
  try {
    const { alive } = await lookAtRedis(url, runningLookMs, (redis) => readPresence(redis));
    return { taskIds: alive.flatMap(({ active }) => active.map(({ task_id }) => task_id)), trouble: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { taskIds: [], trouble: error.message };
  }
}
