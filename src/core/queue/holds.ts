/**
 * Holds: queues that wait while what their jobs need (a model's provider) is away: for a while, by BullMQ's rate limiter, or paused until
 * a probe, once a minute, succeeds. The row is written first, so that an emptied Redis forgets nothing and people see why.
 */
import type { Clock } from '../clock.ts';
import { type AppError, messageOf } from '../errors.ts';
import type { Log } from '../log/logger.ts';
import type { Hold } from '../outcome.ts';
import { pauseQueue, resumeQueue, slowDown } from './pauses.ts';
import type { Queues } from './queues.ts';

/** A provider that refuses us is asked ten times in ten minutes, however many jobs and workers there are. */
const probeEveryMs = 60_000;

/** A hold as its row says. */
export interface QueueHold {
  readonly queue: string;
  readonly code: string;
  /** false: it ends by itself. */
  readonly isUntilWell: boolean;
}

/** Implemented on the table `controls`. */
export interface HoldTable {
  /** `until` null: until a probe succeeds, which no time shortens. True: there was no hold, so that the caller logs this one. May be repeated. */
  begin(hold: { queue: string; error: AppError; until: string | null; by: string }): Promise<boolean>;
  list(): Promise<readonly QueueHold[]>;
  /** Ends a hold that no time ends. `isPausedToo`: a person paused the queue as well, and it stays so. */
  end(queue: string): Promise<{ readonly wasHeld: boolean; readonly isPausedToo: boolean }>;
}

export interface Holds {
  /** All workers stop taking from the queue. @throws AppError DATABASE_*, REDIS_UNREACHABLE */
  begin(queue: string, hold: Hold): Promise<void>;
  /** Called at each beat: probes what is due, and ends holds whose probe succeeds. `isStart`: at once, as settings may have changed. */
  look(options?: { isStart?: boolean }): Promise<void>;
}

export interface HoldsOptions {
  readonly queues: Queues;
  readonly table: HoldTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly worker: string;
  /** By queue: throws as long as its jobs cannot be served. */
  readonly probes: Readonly<Record<string, () => Promise<void>>>;
  /** True for one process of the deployment in so many milliseconds. */
  mayProbe(queue: string, everyMs: number): Promise<boolean>;
}

export function createHolds({ queues, table, clock, log, worker, probes, mayProbe }: HoldsOptions): Holds {
  let lookedMs = Number.NEGATIVE_INFINITY;
  /** By queue, what this process has just done: twenty jobs that fail at once write one row. */
  const begun = new Map<string, { code: string; work: Promise<void>; untilMs: number }>();

  const begin = async (queue: string, { error, forMs }: Hold, untilMs: number) => {
    const until = forMs === null ? null : new Date(untilMs).toISOString();
    const isNew = await table.begin({ queue, error, until, by: worker });
    if (forMs === null) await pauseQueue(queues, queue);
    else await slowDown(queues, queue, forMs);
    if (!isNew) return;
    const next = forMs === null ? 'its jobs wait; a look once a minute ends it' : 'its jobs wait';
    log.warn('queue.held', { queue, code: error.code, reason: error.message, until, next });
  };

  const probe = async (queue: string) => {
    try {
      await probes[queue]?.();
    } catch (error) {
      return log.debug('queue.still_held', { queue, error: messageOf(error) });
    }
    const { wasHeld, isPausedToo } = await table.end(queue);
    begun.delete(queue);
    if (!isPausedToo) await resumeQueue(queues, queue);
    if (wasHeld)
      log.info('queue.resumed', { kind: 'provider', name: queue, reason: 'what its jobs need answers again' });
  };

  return {
    begin(queue, hold) {
      const nowMs = clock.wallMs();
      const untilMs = hold.forMs === null ? nowMs + probeEveryMs / 2 : nowMs + hold.forMs;
      const last = begun.get(queue);
      // A wait that ends before the present hold does changes nothing.
      if (last?.code === hold.error.code && untilMs <= last.untilMs + 1_000 && nowMs < last.untilMs) return last.work;
      const work = begin(queue, hold, untilMs);
      begun.set(queue, { code: hold.error.code, work, untilMs });
      work.catch(() => begun.delete(queue));
      return work;
    },
    async look({ isStart = false } = {}) {
      if (!isStart && clock.monotonicMs() - lookedMs < probeEveryMs) return;
      lookedMs = clock.monotonicMs();
      for (const { queue, isUntilWell } of await table.list()) {
        if (!isUntilWell || probes[queue] === undefined) continue;
        if (isStart || (await mayProbe(queue, probeEveryMs * 0.9))) await probe(queue);
      }
    },
  };
}
