/** Opens ended jobs again: a failed or cancelled job is queued, a rejected message goes back to its list, unsent follow-ups are sent. */
import type { Database } from '../../core/connections/database.ts';
import type { Redis } from '../../core/connections/redis.ts';
import type { CallTerms, UnsentFollowUp } from '../../core/job-ledger.ts';
import type { Queues } from '../../core/queue/queues.ts';
import { findRetryCandidates, type RetryCandidate, reopenJobs } from '../../models/queries/retry-jobs.ts';
import { forEachSelectedPage, type SelectedJobs } from './select-jobs.ts';
import { sendAgain } from './send-again.ts';
import { sendFollowUps } from './send-follow-ups.ts';

export type RetryAnswer =
  | 'reopened'
  | 'already-open'
  | 'already-completed'
  | 'sent-again'
  | 'follow-ups-sent'
  | 'follow-ups-refused'
  | 'too-large'
  /** Another retry opened it first. */
  | 'taken'
  | 'no-queue'
  | 'unknown';

export interface RetriedJob {
  readonly task_id: string;
  readonly answer: RetryAnswer;
}

export interface RetryDeps {
  readonly database: Database;
  readonly queues: Pick<Queues, 'names' | 'add'>;
  /** Holds the Celery lists. */
  readonly broker: Redis;
  /** Does again what Redis refused when a job ended. @throws what Redis says */
  sendUnsent(terms: CallTerms, unsent: UnsentFollowUp): Promise<void>;
}

export interface RetryChange {
  readonly actor: string;
  readonly reason: string | null;
}

/** The job is in its queue, the message in its list, or what follows the job is sent. */
export function isRetried(answer: RetryAnswer): boolean {
  return answer === 'reopened' || answer === 'sent-again' || answer === 'follow-ups-sent';
}

/** One answer for each id, in order. `isQueued` false: Redis did not take the jobs. @throws AppError DATABASE_*, what Redis says of a Celery list */
export async function retryJobs(
  deps: RetryDeps,
  { taskIds, ...change }: RetryChange & { readonly taskIds: readonly string[] },
): Promise<{ readonly answers: readonly RetriedJob[]; readonly isQueued: boolean }> {
  const { answers, isQueued } = await retryCandidates(deps, await findRetryCandidates(deps.database, taskIds), change);
  const known = new Map(answers.map(({ task_id, answer }) => [task_id, answer]));
  return { answers: taskIds.map((task_id) => ({ task_id, answer: known.get(task_id) ?? 'unknown' })), isQueued };
}

/** Retries counted jobs page by page; how many got each answer. @throws as `retryJobs` */
export async function retrySelected(
  deps: RetryDeps,
  { selected, ...change }: RetryChange & { readonly selected: SelectedJobs },
): Promise<{ readonly answers: Partial<Record<RetryAnswer, number>>; readonly isQueued: boolean }> {
  let areQueued = true;
  const answers = await forEachSelectedPage(deps.database, selected, async (candidates) => {
    const page = await retryCandidates(deps, candidates, change);
    areQueued &&= page.isQueued;
    return page.answers;
  });
  return { answers, isQueued: areQueued };
}

async function retryCandidates(
  deps: RetryDeps,
  candidates: readonly RetryCandidate[],
  change: RetryChange,
): Promise<{ answers: readonly RetriedJob[]; isQueued: boolean }> {
  const { database, queues } = deps;
  const judged = new Map(candidates.map((each) => [each.task_id, judge(each, queues.names)]));
  const messages = candidates.filter(({ task_id }) => judged.get(task_id) === 'sent-again');
  const sent = new Set(await sendAgain(deps, { rowIds: messages.map(({ row_id }) => row_id), ...change }));
  for (const { task_id, row_id } of messages) if (!sent.has(row_id)) judged.set(task_id, 'too-large');
  for (const { task_id, answer } of await retryFollowUps(deps, candidates, change)) judged.set(task_id, answer);
  const jobs = candidates.filter(({ task_id }) => judged.get(task_id) === 'reopened');
  const opened = await reopenJobs(database, { jobs, ...change });
  const isQueued = await queues.add(opened).then(
    () => true,
    () => false,
  );
  const openedRows = new Set(opened.map(({ rowId }) => rowId));
  for (const { task_id, row_id } of jobs) if (!openedRows.has(row_id)) judged.set(task_id, 'taken');
  return {
    answers: candidates.map(({ task_id }) => ({ task_id, answer: judged.get(task_id) ?? 'unknown' })),
    isQueued,
  };
}

/** Completed jobs are not run again: what they could not send is sent. */
async function retryFollowUps(
  { database, sendUnsent }: RetryDeps,
  candidates: readonly RetryCandidate[],
  change: RetryChange,
): Promise<readonly RetriedJob[]> {
  const completed = candidates.filter((each) => each.state === 'completed' && each.has_unsent);
  if (completed.length === 0) return [];
  const rowIds = completed.map(({ row_id }) => row_id);
  const sent = await sendFollowUps(
    { database, send: ({ terms }, unsent) => sendUnsent(terms, unsent) },
    { rowIds, ...change },
  );
  return completed.map(({ task_id, row_id }) => ({
    task_id,
    answer: sent.includes(row_id) ? 'follow-ups-sent' : 'follow-ups-refused',
  }));
}

/** `reopened` where nothing speaks against it. */
export function judge(
  { state, queue, is_message: isMessage }: Pick<RetryCandidate, 'state' | 'queue' | 'is_message'>,
  queueNames: readonly string[],
): RetryAnswer {
  if (state === 'queued' || state === 'retrying') return 'already-open';
  if (state === 'completed') return 'already-completed';
  if (isMessage) return 'sent-again';
  return queueNames.includes(queue) ? 'reopened' : 'no-queue';
}
