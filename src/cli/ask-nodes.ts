/** Connects a command to the broker and asks the nodes there, workers of ours and Python's, by Celery's remote control. */
import { type ControlClient, createControlClient } from '../celery/control/control-client.ts';
import { databaseNumberOf } from '../celery/protocol/control-wire.ts';
import { systemClock } from '../core/clock.ts';
import { createRedis, probeRedis, type Redis } from '../core/connections/redis.ts';
import { AppError } from '../core/errors.ts';
import type { Cli } from './kit/cli.ts';
import { locateServers } from './kit/servers.ts';

export interface Nodes extends ControlClient {
  readonly broker: Redis;
  readonly database: string;
}

/** @throws AppError REDIS_* where the broker cannot be used, NOT_FOUND where it is embedded and not running */
export async function withNodes<T>(cli: Cli, use: (nodes: Nodes) => Promise<T>): Promise<T> {
  const { config } = cli.config();
  const [{ celeryBrokerUrl }, { redisUrl }] = await Promise.all([
    import('../config/derived.ts'),
    locateServers(config),
  ]);
  const url = celeryBrokerUrl(config) ?? redisUrl;
  if (url === null) throw noWorker();
  await probeRedis(url);
  const broker = createRedis({ url, name: 'vambe nodes', use: 'commands' });
  const database = databaseNumberOf(url);
  try {
    return await use({ ...createControlClient({ redis: broker, database, clock: systemClock }), broker, database });
  } finally {
    broker.disconnect();
  }
}

export function noWorker(): AppError {
  return new AppError(
    'NOT_FOUND',
    'No worker is registered, so there is no answer. "vambe worker" starts one, "vambe status" tells more.',
  );
}

/** Why no answer came, in a sentence: no worker listens, the ones that were meant do not, or they were too slow. */
export function noAnswer(listeners: number, timeoutMs: number, destination: readonly string[] | undefined): AppError {
  if (listeners === 0) return noWorker();
  const whom = destination ? `${destination.join(', ')} did not answer` : 'No worker answered';
  const listen = listeners === 1 ? '1 worker process listens' : `${listeners} worker processes listen`;
  return new AppError(
    'NOT_FOUND',
    `${whom} within ${timeoutMs / 1_000} s; ${listen}. Look at the name, or give more time with --timeout.`,
  );
}
