/** Queues as BullMQ and the job table see them together. */
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/connections/database.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { withDeadline } from '../../core/deadline.ts';
import { AppError } from '../../core/errors.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import { type Pause, pauseOfQueue } from '../../core/queue/pauses.ts';
import { countQueue } from '../../core/queue/queue-counts.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { listControls } from '../../models/queries/controls.ts';
import { readQueueRows } from '../../models/queries/operations.ts';
import { readPresence } from './look.ts';

export interface QueueReport {
  readonly name: string;
  readonly waiting: number;
  readonly running: number;
  /** Waiting for a moment: a countdown or a further attempt. */
  readonly delayed: number;
  /** Failed rows; more than 10,000 count as 10,001. */
  readonly failed: number;
  readonly oldest_waiting_at: string | null;
  readonly paused: {
    readonly reason: string | null;
    readonly since: string | null;
    readonly until: string | null;
  } | null;
}

const lookMs = 5_000;

export interface QueueDeps {
  readonly queues: Queues;
  readonly redis: Redis;
  readonly database: Database;
  readonly clock: Clock;
}

/** @throws AppError REDIS_UNREACHABLE, DATABASE_* */
export async function readQueues(
  { queues, redis, database, clock }: QueueDeps,
  names: readonly string[] = queues.names,
): Promise<readonly QueueReport[]> {
  const look = async () => {
    const { alive } = await readPresence(redis, clock);
    const running = alive.flatMap(({ active }) => active.map(({ task_id }) => task_id));
    const [counts, rows, controls] = await Promise.all([
      Promise.all(names.map((name) => countQueue(queues, name))),
      readQueueRows(database, running),
      listControls(database),
    ]);
    return counts.map(({ name, waiting, delayed, active, is_paused }) => {
      const row = rows.find(({ queue }) => queue === name);
      return {
        name,
        waiting,
        running: active,
        delayed,
        failed: row?.failed ?? 0,
        oldest_waiting_at: row?.oldest_waiting_at ?? null,
        paused: is_paused || pauseOfQueue(controls, name) !== undefined ? pauseOf(controls, name) : null,
      };
    });
  };
  return withDeadline(look(), lookMs, 'the queues were counted');
}

/** A queue may also be paused with BullMQ's own tools: then no reason is on record. */
function pauseOf(controls: readonly Pause[], queue: string): NonNullable<QueueReport['paused']> {
  const found = pauseOfQueue(controls, queue);
  if (found === undefined) return { reason: null, since: null, until: null };
  return { reason: found.reason === '' ? null : found.reason, since: found.since, until: found.until };
}

/** @throws AppError NOT_FOUND with the name that was probably meant */
export function requireName(kind: 'queue' | 'schedule', given: string, names: readonly string[]): string {
  if (names.includes(given)) return given;
  throw new AppError(
    'NOT_FOUND',
    `There is no ${kind} "${given}".${didYouMean(given, names)} Known: ${names.join(', ')}.`,
  );
}
