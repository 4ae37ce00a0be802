/** The two servers that every job needs: while one of them cannot be used, this worker takes no jobs. */
import { AppError } from '../errors.ts';
import type { Log } from '../log/logger.ts';
import { networkFaultOf } from '../server-faults/network.ts';
import { unexpectedRefusal } from '../server-faults/postgres.ts';
import { isConnectionLost, redisRefusalOf, translateRedisError } from '../server-faults/redis.ts';
import { createAvailability, isServerFault } from './availability.ts';

export interface ServerOutages {
  readonly isDown: boolean;
  /** Begins to wait for the server that this error speaks of, and returns it as ours; undefined: it speaks of no server. */
  report(error: unknown): AppError | undefined;
  /** What a BullMQ worker says of its Redis. True: Redis refused, and is looked after. */
  reportQueueError(error: Error): boolean;
  stop(): void;
}

export interface ServerOutagesOptions {
  readonly redisAddress: string;
  readonly log: Log;
  /** @throws AppError while the database takes no writes */
  probeDatabase(): Promise<unknown>;
  /** @throws AppError while Redis takes no writes */
  probeRedis(): Promise<unknown>;
  /** Takes no more jobs. */
  onDown(): void;
  /** Both servers can be used again. */
  onUp(): void;
}

export function createServerOutages(options: ServerOutagesOptions): ServerOutages {
  const { redisAddress, log, onDown } = options;
  const onUp = () => {
    if (!database.isDown && !redis.isDown) options.onUp();
  };
  const database = createAvailability({ part: 'database', log, probe: options.probeDatabase, onDown, onUp });
  // A Redis that answers with refusals (full, loading, a replica): BullMQ alone asks it 3,700 times a second (measured).
  const redis = createAvailability({ part: 'redis', log, probe: options.probeRedis, onDown, onUp });
  return {
    get isDown() {
      return database.isDown || redis.isDown;
    },
    report(error) {
      const fault = asServerFault(error, redisAddress);
      if (fault?.code.startsWith('DATABASE_')) database.reportFailure(fault);
      // An error that was ours before is one call's time limit; the connection itself says when Redis is away.
      if (fault && fault !== error && fault.code.startsWith('REDIS_')) redis.suspect(fault);
      return fault;
    },
    reportQueueError(error) {
      if (!redisRefusalOf(error)) return false;
      redis.suspect(translateRedisError(error, redisAddress));
      return true;
    },
    stop() {
      database.stop();
      redis.stop();
    },
  };
}

/** What a server said at the end of a run, as ours; undefined where no server speaks, or of the values of this job alone. */
function asServerFault(error: unknown, redisAddress: string): AppError | undefined {
  if (isServerFault(error)) return error;
  if (error instanceof AppError) return undefined;
  const isRedis = redisRefusalOf(error) !== undefined || isConnectionLost(error) || networkFaultOf(error) !== undefined;
  return unexpectedRefusal(error) ?? (isRedis ? translateRedisError(error, redisAddress) : undefined);
}
