/**
 * When a queue's last worker of this product stops, messages that were accepted and have no attempt go back to their lists, so
 * that a Python worker, or the next worker of this product, has them at once. They are in flight before their rows are deleted:
 * a kill at any point leaves a row, or a message that another bridge takes over, and none runs twice.
 */
import type { JobLedger, UntouchedJob } from '../../core/job-ledger.ts';
import type { Log } from '../../core/log/logger.ts';
import { removeFromQueue } from '../../core/queue/cancellations.ts';
import type { Queues } from '../../core/queue/queues.ts';
import type { Inflight } from './inflight.ts';

export interface ReturnDeps {
  readonly inflight: Pick<Inflight, 'beat' | 'add' | 'push' | 'remove'>;
  readonly ledger: Pick<JobLedger, 'listUntouched' | 'withdraw'>;
  readonly queues: Queues;
  /** Queues that other workers of this product take from: they run what waits there. */
  queuesOfOthers(): Promise<readonly string[]>;
  readonly log: Log;
}

/** Prefetched messages are few. Thousands may wait for an eta in days; a stop has no time for all of them, so the rest keeps its rows. */
const maxReturned = 1_000;

/** @throws AppError DATABASE_*, REDIS_*: the recovery sweep or another bridge finishes what is half done */
export async function returnToCeleryList({ inflight, ledger, queues, queuesOfOthers, log }: ReturnDeps): Promise<void> {
  const others = await queuesOfOthers();
  const own = queues.names.filter((name) => !others.includes(name));
  const found = own.length === 0 ? [] : (await ledger.listUntouched(own, maxReturned)).filter(hasMessage);
  if (found.length === 0) return;
  // Registers this bridge again, so that another one takes its messages over if the process dies now.
  await inflight.beat();
  const answers = await removeFromQueue(queues, found);
  // The oldest is pushed last, to the end from which messages are taken.
  const jobs = found.filter((_job, index) => answers[index] === 'removed').toReversed();
  const tags = await inflight.add(jobs.map(({ list, raw }) => ({ list, raw })));
  const withdrawn = new Set(await ledger.withdraw(jobs.map(({ rowId }) => rowId)));
  const isWithdrawn = (_tag: string, index: number) => withdrawn.has(jobs[index]?.rowId ?? '');
  await inflight.push(tags.filter(isWithdrawn));
  await inflight.remove(tags.filter((tag, index) => !isWithdrawn(tag, index)));
  log.info('celery.given_back', { messages: withdrawn.size });
}

/** Its row kept the message. */
function hasMessage({ list, raw }: UntouchedJob): boolean {
  return list !== '' && raw !== '';
}
