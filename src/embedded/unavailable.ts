/** The error when this machine cannot run an embedded server. */
import { AppError } from '../core/errors.ts';

const waysOut = {
  postgres: 'Set POSTGRES_HOST (or DATABASE_URL) to a PostgreSQL server, or use docker compose.',
  broker:
    'Set REDIS_URL to a Redis server, set VAMBE_BROKER=system to use an installed redis-server, or use docker compose.',
  'system broker': 'Install redis-server, set REDIS_URL to a Redis server, unset VAMBE_BROKER, or use docker compose.',
};

/** EMBEDDED_UNAVAILABLE: `reason` is one sentence; the alternatives follow it. */
export function serverUnavailable(server: keyof typeof waysOut, reason: string, cause?: unknown): AppError {
  return new AppError('EMBEDDED_UNAVAILABLE', `${reason} ${waysOut[server]}`, { cause });
}
