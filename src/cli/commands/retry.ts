/** `vambe retry`: opens failed and cancelled jobs again. */
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import type { FilterTerm } from '../../models/job-filter.ts';
import type { RetryCandidate } from '../../models/queries/jobs.ts';
import type { UnsentRow } from '../../models/queries/operations.ts';
import type { BulkFlags } from '../bulk-jobs.ts';
import type { Cli } from '../kit/cli.ts';
import { taskFolders, withExample, withJobSelection } from '../kit/help.ts';

interface RetryFlags extends BulkFlags {
  readonly reason?: string;
  readonly tasks?: readonly string[];
}

type Answer =
  | 'reopened'
  | 'already-open'
  | 'already-completed'
  | 'sent-again'
  | 'follow-ups-sent'
  | 'follow-ups-refused'
  | 'too-large'
  | 'taken'
  | 'no-queue'
  | 'unknown';

interface Answered {
  readonly task_id: string;
  readonly answer: Answer;
}

const words: Readonly<Record<Answer, string>> = {
  reopened: 'queued again',
  'already-open': 'is open already: it waits or runs',
  'already-completed': 'is completed already; "vambe classify ID --force" classifies a meeting anew',
  'sent-again': 'stands in its Celery list again; what comes of it is a job of its own',
  'follow-ups-sent': 'is completed, and what follows it is sent',
  'follow-ups-refused': 'is completed, but Redis still refuses what follows it: "vambe jobs ID" says why',
  'too-large': 'is larger than what was kept of it: send it from where it came',
  taken: 'was opened by somebody else meanwhile',
  'no-queue': 'belongs to a queue of a task that is not known here: name its folder with --tasks',
  unknown: 'is no task id of a job; "vambe jobs" lists them',
};

export function register(program: Command, cli: Cli): void {
  const command = withJobSelection(program.command('retry'))
    .description(
      'open failed or cancelled jobs again, and send again rejected Celery messages and what Redis refused; attempts so far stay on record',
    )
    .argument('[task-id...]', 'ids of jobs, as "vambe jobs --state failed" lists them')
    .option(...taskFolders)
    .action(async (ids: string[], flags: RetryFlags) => {
      const { idsOrFilter } = await import('../bulk-jobs.ts');
      const chosen = idsOrFilter(ids, flags);
      if ('ids' in chosen) await runRetry(cli, chosen.ids, flags);
      else await runRetryWhere(cli, chosen.terms, flags);
    });
  withExample(
    command,
    'vambe retry 0b9ff9a0-32a6-4f0f-a0c2-3f8b8f6c1d11 --reason "seller corrected the transcript"',
    'vambe retry --filter "state=failed error=TASK_TIMEOUT finished>1d" --yes',
  );
}

/** A job in its queue, or messages in their lists. */
const isDone = (answer: Answer) => answer === 'reopened' || answer === 'sent-again' || answer === 'follow-ups-sent';

async function runRetry(cli: Cli, taskIds: readonly string[], { reason, tasks }: RetryFlags): Promise<void> {
  const [{ withApp }, { currentActor }] = await Promise.all([import('../kit/servers.ts'), import('../kit/actor.ts')]);
  const { answers, isQueued } = await withApp(
    cli,
    (app) => retryJobs(app, { taskIds, reason: reason ?? null, actor: currentActor() }),
    { taskFolders: tasks },
  );
  const reopened = answers.filter(({ answer }) => isDone(answer)).length;
  const unknown = answers.filter(({ answer }) => answer === 'unknown').length;
  if (cli.json) cli.document({ success: reopened === answers.length, reopened, jobs: answers });
  else
    for (const { task_id, answer } of answers) {
      if (isDone(answer)) cli.out(`${task_id} ${words[answer]}`);
      else cli.note(`vambe: ${task_id} ${words[answer]}.`);
    }
  if (!isQueued) cli.note(notQueued);
  if (unknown === answers.length) cli.exitWith(3);
  else if (reopened < answers.length) cli.exitWith(4);
}

const notQueued = 'vambe: Redis did not take the jobs; a worker picks them up from the database within a minute.';

async function runRetryWhere(cli: Cli, terms: readonly FilterTerm[], flags: RetryFlags): Promise<void> {
  const [{ withApp }, { currentActor }, { confirmSelection, forEachPage }, { readRunning }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../kit/actor.ts'),
    import('../bulk-jobs.ts'),
    import('../../services/observe/look.ts'),
  ]);
  await withApp(
    cli,
    async (app, { redisUrl }) => {
      const selection = { terms, running: await readRunning(cli, redisUrl), eligible: 'retriable' as const };
      const words = { verb: 'retry', past: 'queued again' };
      const found = await confirmSelection(cli, app.database, { selection, flags, words });
      if (found === null) return;
      const request = { actor: currentActor(), reason: flags.reason ?? null };
      let areQueued = true;
      const answers = await forEachPage(cli, app.database, {
        selection,
        found,
        async act(candidates) {
          const page = await retryCandidates(app, candidates, request);
          areQueued &&= page.isQueued;
          return page.answers;
        },
      });
      const reopened = (answers.reopened ?? 0) + (answers['sent-again'] ?? 0);
      if (cli.json) cli.document({ success: reopened === found.count, matched: found.count, reopened, answers });
      else cli.out(`${reopened} of ${found.count} queued again`);
      if (!areQueued) cli.note(notQueued);
      if (answers['no-queue'] !== undefined)
        cli.note(
          `vambe: ${answers['no-queue']} belong to queues of tasks that are not known here: name their folder with --tasks.`,
        );
      if (reopened < found.count) cli.exitWith(4);
    },
    { taskFolders: flags.tasks },
  );
}

async function retryJobs(
  app: App,
  { taskIds, ...request }: { taskIds: readonly string[]; actor: string; reason: string | null },
): Promise<{ answers: readonly Answered[]; isQueued: boolean }> {
  const { findRetryCandidates } = await import('../../models/queries/jobs.ts');
  const { answers, isQueued } = await retryCandidates(app, await findRetryCandidates(app.database, taskIds), request);
  const known = new Map(answers.map(({ task_id, answer }) => [task_id, answer]));
  return { answers: taskIds.map((task_id) => ({ task_id, answer: known.get(task_id) ?? 'unknown' })), isQueued };
}

async function retryCandidates(
  app: App,
  candidates: readonly RetryCandidate[],
  { actor, reason }: { actor: string; reason: string | null },
): Promise<{ answers: readonly Answered[]; isQueued: boolean }> {
  const { reopenJobs } = await import('../../models/queries/jobs.ts');
  const judged = new Map(candidates.map((each) => [each.task_id, judge(each, app.queues.names)]));
  const messages = candidates.filter(({ task_id }) => judged.get(task_id) === 'sent-again');
  const { sendAgain } = await import('../../services/jobs/send-again.ts');
  const sent = new Set(await sendAgain(app, { rowIds: messages.map(({ row_id }) => row_id), actor, reason }));
  for (const { task_id, row_id } of messages) if (!sent.has(row_id)) judged.set(task_id, 'too-large');
  for (const [taskId, answer] of await retryFollowUps(app, candidates, { actor, reason })) judged.set(taskId, answer);
  const jobs = candidates.filter(({ task_id }) => judged.get(task_id) === 'reopened');
  const opened = await reopenJobs(app.database, { jobs, actor, reason });
  const isQueued = await app.queues.add(opened).then(
    () => true,
    () => false,
  );
  const lost = new Set(
    jobs.filter(({ row_id }) => !opened.some(({ rowId }) => rowId === row_id)).map((each) => each.task_id),
  );
  const answers = candidates.map(({ task_id }) => ({
    task_id,
    answer: lost.has(task_id) ? ('taken' as const) : (judged.get(task_id) ?? 'unknown'),
  }));
  return { answers, isQueued };
}

/** Completed jobs are not run again: what they could not send is. */
async function retryFollowUps(
  app: App,
  candidates: readonly RetryCandidate[],
  request: { actor: string; reason: string | null },
): Promise<readonly (readonly [taskId: string, answer: Answer])[]> {
  const completed = candidates.filter((each) => each.state === 'completed' && each.has_unsent);
  if (completed.length === 0) return [];
  const { sendFollowUps } = await import('../../services/jobs/send-follow-ups.ts');
  const { database, sendUnsent } = app;
  const deps = { database, send: ({ terms }: UnsentRow, unsent: UnsentFollowUp) => sendUnsent(terms, unsent) };
  const sent = await sendFollowUps(deps, { rowIds: completed.map(({ row_id }) => row_id), ...request });
  return completed.map(({ task_id, row_id }) => [
    task_id,
    sent.includes(row_id) ? 'follow-ups-sent' : 'follow-ups-refused',
  ]);
}

/** `reopened` where nothing speaks against it. */
function judge({ state, queue, is_message: isMessage }: RetryCandidate, queueNames: readonly string[]): Answer {
  if (state === 'queued' || state === 'retrying') return 'already-open';
  if (state === 'completed') return 'already-completed';
  if (isMessage) return 'sent-again';
  return queueNames.includes(queue) ? 'reopened' : 'no-queue';
}
