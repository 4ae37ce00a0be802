/** Publishes results that were saved and never published: their worker died, or Redis was emptied, between commit and publication. */

import type { Redis } from '../connections/redis.ts';
import type { EndedJob, JobLedger } from '../job-ledger.ts';
import type { Log } from '../log/logger.ts';
import { findLostJobs } from './lost-jobs.ts';
import type { PublishEnded, ReadPublished } from './publish-ended.ts';

/** A result is published milliseconds after its commit; rows that ended earlier than a quarter of an hour ago were looked at before. */
const endedWithin = { minMs: 5_000, maxMs: 900_000 } as const;
/** Newest runs, and as many newest rows: what a look costs is bounded. */
const rowsPerLook = 2_000;

export interface RecoverResultsDeps {
  readonly ledger: Pick<JobLedger, 'listEnded' | 'take'>;
  readonly redis: Redis;
  readonly log: Log;
  readonly readPublished: ReadPublished;
  readonly publishEnded: PublishEnded;
  isRunningHere(rowId: string): boolean;
}

/** Safe in several processes at once, and one look at a time in each; resolves with how many results were published. */
export function createResultRecovery(deps: RecoverResultsDeps): () => Promise<number> {
  const { ledger, redis, log, readPublished, publishEnded, isRunningHere } = deps;
  const look = async (): Promise<number> => {
    const ended = await ledger.listEnded({ ...endedWithin, limit: rowsPerLook });
    const published = await readPublished(ended);
    const open = ended.filter(({ rowId }, index) => published[index]?.saysRunning && !isRunningHere(rowId));
    // A delivery that BullMQ still holds publishes by itself.
    const owed: readonly EndedJob[] = open.length === 0 ? [] : await findLostJobs(redis, open);
    if (owed.length === 0) return 0;
    for (const job of await ledger.take(owed.map(({ rowId }) => rowId))) if (job) await publishEnded(job);
    log.warn('job.published_late', {
      jobs: owed.length,
      reason: 'they ended and their documents still said that they run',
    });
    return owed.length;
  };
  let current: Promise<number> | undefined;
  return () => {
    current ??= look().finally(() => {
      current = undefined;
    });
    return current;
  };
}
