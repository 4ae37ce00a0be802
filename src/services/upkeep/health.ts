/** Whether the two servers answer, in the words that the existing system uses. */
import type { Clock } from '../../core/clock.ts';

export interface Health {
  readonly status: 'healthy' | 'unhealthy';
  readonly database: 'connected' | 'disconnected';
  readonly redis: 'connected' | 'disconnected';
  /** ISO 8601 */
  readonly timestamp: string;
}

export type CheckHealth = () => Promise<Health>;

export interface HealthDeps {
  readonly clock: Clock;
  pingDatabase(): Promise<unknown>;
  pingRedis(): Promise<unknown>;
}

/** Never throws: a server that does not answer is part of the report. */
export function createHealthCheck({ clock, pingDatabase, pingRedis }: HealthDeps): CheckHealth {
  return async () => {
    const [database, redis] = await Promise.all([answers(pingDatabase()), answers(pingRedis())]);
    return {
      status: database && redis ? 'healthy' : 'unhealthy',
      database: database ? 'connected' : 'disconnected',
      redis: redis ? 'connected' : 'disconnected',
      timestamp: new Date(clock.wallMs()).toISOString(),
    };
  };
}

function answers(ping: Promise<unknown>): Promise<boolean> {
  return ping.then(
    () => true,
    () => false,
  );
}
