/** Makes jobs of messages: rows first, committed, then the queue. */
import { sqlState } from '../../core/connections/database.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { AcceptedJob, JobLedger } from '../../core/job-ledger.ts';
import type { Log } from '../../core/log/logger.ts';
import { toOpenJob } from '../../core/queue/enqueue.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { whyNotStorable } from '../../core/storable.ts';
import type { AcceptedMessage, RejectedMessage } from './judge-message.ts';

export interface AcceptDeps {
  readonly ledger: Pick<JobLedger, 'accept'>;
  readonly queues: Pick<Queues, 'add'>;
  readonly log: Log;
}

/** Messages that PostgreSQL cannot store as jobs, which are rejected. @throws AppError DATABASE_*: none of them is accepted then */
export async function acceptMessages(
  deps: AcceptDeps,
  messages: readonly AcceptedMessage[],
): Promise<readonly RejectedMessage[]> {
  if (messages.length === 0) return [];
  let accepted: readonly AcceptedJob[];
  try {
    accepted = await deps.ledger.accept(messages.map(({ request }) => request));
  } catch (error) {
    if (!isDataFault(error)) throw error;
    const refused = findUnstorable(messages);
    const others = messages.filter((each) => !refused.includes(each));
    return [...refused.map(toRejected), ...(await acceptMessages(deps, others))];
  }
  await enqueue(deps, messages, accepted);
  return [];
}

/** A queue that refuses them is no fault: the jobs are accepted, and the recovery sweep delivers them. */
async function enqueue(
  { queues, log }: AcceptDeps,
  messages: readonly AcceptedMessage[],
  accepted: readonly AcceptedJob[],
): Promise<void> {
  const jobs = accepted.flatMap((each, index) => (each.isNew ? [toOpenJob(each, messages[index]?.request)] : []));
  await queues.add(jobs).catch((error: unknown) => {
    log.warn('queue.add_waits', { jobs: jobs.length, error: messageOf(error) });
  });
}

/** Where no value shows why PostgreSQL refused the batch, the first message is rejected and the others are tried again. */
function findUnstorable(messages: readonly AcceptedMessage[]): readonly AcceptedMessage[] {
  const found = messages.filter(({ request }) => whyNotStorable(request) !== undefined);
  return found.length > 0 ? found : messages.slice(0, 1);
}

/** SQLSTATE classes 22 (data) and 54 (limits): the values are at fault, not the server. */
function isDataFault(error: unknown): boolean {
  return !(error instanceof AppError) && /^(22|54)/.test(sqlState(error) ?? '');
}

function toRejected({ taken, message, request }: AcceptedMessage): RejectedMessage {
  const why = whyNotStorable(request) ?? 'PostgreSQL refuses them';
  const error = new AppError('TASK_ARGUMENTS', `${message.task}() got arguments that cannot be stored: ${why}.`);
  return { kind: 'rejected', taken, error, id: message.id, task: message.task, call: message, message };
}
