/** Mingle: a worker that starts asks its peers for the ids that were revoked while it was away, as Celery's workers do. */
import type { Clock } from '../../core/clock.ts';
import type { Redis } from '../../core/connections/redis.ts';
import type { Log } from '../../core/log/logger.ts';
import type { ControlledWorker } from '../../core/process/controlled-worker.ts';
import { isObject } from '../protocol/envelope.ts';
import type { LamportClock } from '../protocol/lamport-clock.ts';
import { createControlClient } from './control-client.ts';
import { revokedObject } from './inspect-commands.ts';

/** How long answers are gathered, as in Celery. */
const mingleMs = 1_000;

export interface MingleOptions {
  readonly node: string;
  readonly worker: Pick<ControlledWorker, 'revokedIds' | 'mergeRevoked'>;
  readonly broker: Redis;
  readonly database: string;
  readonly lamport: LamportClock;
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws what Redis says */
export async function mingle({ node, worker, broker, database, lamport, clock, log }: MingleOptions): Promise<void> {
  const client = createControlClient({ redis: broker, database, clock });
  const { answers } = await client.ask('hello', {
    arguments: { from_node: node, revoked: revokedObject(worker.revokedIds()) },
    timeoutMs: mingleMs,
  });
  for (const answer of Object.values(answers)) {
    if (!isObject(answer)) continue;
    lamport.adjust(answer.clock);
    if (isObject(answer.revoked)) worker.mergeRevoked(Object.keys(answer.revoked));
  }
  log.debug('celery.mingled', { nodes: Object.keys(answers).length });
}
