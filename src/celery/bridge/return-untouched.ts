/**
 * At the stop of a queue's last worker of ours: messages that were accepted and not begun go back to their lists, so that a
 * Python worker, or ours when it is there again, has them at once. Held in flight before their rows go: a kill at any point
 * leaves a row, or a message that another bridge adopts; nobody can run one twice.
 */
import type { JobLedger, UntouchedJob } from '../../core/job-ledger.ts';
import type { Log } from '../../core/logger.ts';
import { removeFromQueue } from '../../core/queue/cancellations.ts';
import type { Queues } from '../../core/queue/queues.ts';
import type { Inflight } from './inflight.ts';

export interface GiveBackDeps {
  readonly inflight: Inflight;
  readonly ledger: Pick<JobLedger, 'listUntouched' | 'withdraw'>;
  readonly queues: Queues;
  /** Queues that other workers of ours take from: what waits there is theirs. */
  queuesOfOthers(): Promise<readonly string[]>;
  readonly log: Log;
}

/** What was taken soon is a few; of thousands with a moment in days, those stay that a stop has no time for. */
const mostGivenBack = 1_000;

/** @throws AppError DATABASE_*, REDIS_*; what is half done then is done by the sweep or another bridge */
export async function giveBackUntouched({
  inflight,
  ledger,
  queues,
  queuesOfOthers,
  log,
}: GiveBackDeps): Promise<void> {
  const others = await queuesOfOthers();
  const own = queues.names.filter((name) => !others.includes(name));
  const found = own.length === 0 ? [] : (await ledger.listUntouched(own, mostGivenBack)).filter(isWhole);
  if (found.length === 0) return;
  // Says that this place lives, so that it is missed if the process dies now.
  await inflight.beat();
  const places = await removeFromQueue(queues, found);
  // The oldest is pushed last, to where lists are taken from.
  const jobs = found.filter((_job, index) => places[index] === 'removed').toReversed();
  const tags = await inflight.hold(jobs.map(({ list, raw }) => ({ list, raw })));
  const withdrawn = new Set(await ledger.withdraw(jobs.map(({ rowId }) => rowId)));
  const isBack = (_tag: string, index: number) => withdrawn.has(jobs[index]?.rowId ?? '');
  await inflight.putBack(tags.filter(isBack));
  await inflight.done(tags.filter((tag, index) => !isBack(tag, index)));
  log.info('celery.given_back', { messages: withdrawn.size });
}

function isWhole({ list, raw }: UntouchedJob): boolean {
  return list !== '' && raw !== '';
}
