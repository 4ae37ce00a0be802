/**
 * Recovery: the job table holds the truth, Redis may lose any key at any moment. Open rows whose BullMQ job Redis does not hold
 * are delivered again. Safe in several processes at once: delivery is raised by compare and set.
 */
import type { Clock } from '../clock.ts';
import type { Redis } from '../connections/redis.ts';
import type { JobLedger, OpenJob } from '../job-ledger.ts';
import type { Log } from '../log/logger.ts';
import { findLostJobs, removeRemains } from './lost-jobs.ts';
import type { Queues } from './queues.ts';

/** Younger rows may be on their way into the queue; as old as a lock. What a dead worker left is older than any such way. */
const untouchedMs = 25_000;
const orphanedMs = 5_000;
/** With a page each 2 s, 100,000 open rows are looked at in 112 s, for less than 1 % of a core with both servers (bench/README.md). */
const rowsPerPage = 1_800;
/** A round over few rows is not begun more often. */
const roundMs = 30_000;

export interface RecoverDeps {
  readonly ledger: Pick<JobLedger, 'listOpen' | 'redeliver'>;
  readonly queues: Pick<Queues, 'names' | 'add'>;
  readonly redis: Redis;
  readonly clock: Clock;
  readonly log: Log;
  /** Rows this process is running: they need no second start. */
  isRunningHere(rowId: string): boolean;
}

export interface Recovery {
  /** Gives back how many jobs were delivered again. */
  run(scope: RecoveryScope): Promise<number>;
}

/**
 * `stale`: the next page of old rows; after the last page a new round begins. `everything`: all rows of every age, when Redis turned
 * out to be empty or new. `orphaned`: all rows, when a worker is gone; a Redis that was emptied knew nothing of what it still ran.
 */
export type RecoveryScope = 'stale' | 'orphaned' | 'everything';

const ages: Readonly<Record<RecoveryScope, number | null>> = {
  stale: untouchedMs,
  orphaned: orphanedMs,
  everything: null,
};
const reasons: Readonly<Record<RecoveryScope, string>> = {
  stale: 'their queue entry was gone',
  orphaned: 'their queue entry was gone when their worker died',
  everything: 'redis came back empty',
};

export function createRecovery({ ledger, queues, redis, clock, log, isRunningHere }: RecoverDeps): Recovery {
  let roundBeganMs = Number.NEGATIVE_INFINITY;
  /** Where the round goes on; undefined: it is over. */
  let roundAt: string | undefined;

  const redeliverLost = async (page: readonly OpenJob[]): Promise<number> => {
    const candidates = page.filter(({ rowId, queue }) => !isRunningHere(rowId) && queues.names.includes(queue));
    const lost = await findLostJobs(redis, candidates);
    if (lost.length === 0) return 0;
    const won = await ledger.redeliver(lost);
    await queues.add(won);
    const wonIds = new Set(won.map(({ rowId }) => rowId));
    await removeRemains(
      redis,
      lost.filter(({ rowId }) => wonIds.has(rowId)),
    );
    return won.length;
  };

  /** `next` undefined: it was the last page. */
  const lookAtPage = async (scope: RecoveryScope, afterRowId: string) => {
    const page = await ledger.listOpen({ afterRowId, limit: rowsPerPage, olderThanMs: ages[scope] });
    const delivered = await redeliverLost(page);
    return { delivered, next: page.length < rowsPerPage ? undefined : page.at(-1)?.rowId };
  };

  const continueRound = async (): Promise<number> => {
    const nowMs = clock.monotonicMs();
    if (roundAt === undefined && nowMs - roundBeganMs < roundMs) return 0;
    const { delivered, next } = await lookAtPage('stale', roundAt ?? '0');
    if (roundAt === undefined) roundBeganMs = nowMs;
    roundAt = next;
    return delivered;
  };

  const lookAtAll = async (scope: RecoveryScope): Promise<number> => {
    let delivered = 0;
    for (let at: string | undefined = '0'; at !== undefined; ) {
      const page: Awaited<ReturnType<typeof lookAtPage>> = await lookAtPage(scope, at);
      delivered += page.delivered;
      at = page.next;
    }
    return delivered;
  };

  const run = async (scope: RecoveryScope): Promise<number> => {
    const delivered = scope === 'stale' ? await continueRound() : await lookAtAll(scope);
    if (delivered > 0) log.warn('queue.redelivered', { jobs: delivered, reason: reasons[scope] });
    return delivered;
  };

  let current: Promise<number> | undefined;
  return {
    async run(scope) {
      // The next page has time until the next beat.
      if (current && scope === 'stale') return 0;
      // One sweep at a time in a process; one that was asked for meanwhile follows.
      while (current) await current.catch(() => undefined);
      current = run(scope).finally(() => {
        current = undefined;
      });
      return current;
    },
  };
}
