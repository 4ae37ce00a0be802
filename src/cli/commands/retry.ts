/** `vambe retry`: opens failed and cancelled jobs again. */
import type { Command } from 'commander';
import type { FilterTerm } from '../../models/job-filter.ts';
import type { RetryAnswer } from '../../services/jobs/retry-jobs.ts';
import type { Cli } from '../kit/cli.ts';
import { taskFolders, withExample, withJobSelection } from '../kit/help.ts';
import type { SelectionFlags } from '../kit/job-selection.ts';

interface RetryFlags extends SelectionFlags {
  readonly tasks?: readonly string[];
}

const words: Readonly<Record<RetryAnswer, string>> = {
  reopened: 'queued again',
  'already-open': 'is open already: it is queued, retrying or processing',
  'already-completed': 'is completed already; "vambe classify ID --force" classifies a meeting again',
  'sent-again': 'was put back on its Celery list and will run as a new job',
  'follow-ups-sent': 'is completed, and what follows it is sent',
  'follow-ups-refused': 'is completed, but Redis still refuses what follows it: "vambe jobs ID" says why',
  'too-large': 'is larger than what was kept of it: send it from where it came',
  taken: 'was opened by another retry meanwhile',
  'no-queue': 'belongs to a queue of a task that is not known here: name its folder with --tasks',
  unknown: 'is no task id of a job; "vambe jobs" lists them',
};

export function register(program: Command, cli: Cli): void {
  const command = withJobSelection(program.command('retry'))
    .description(
      'open failed or cancelled jobs again, and send again rejected Celery messages and what Redis refused; attempts so far stay on record',
    )
    .argument('[task-id...]', 'ids of jobs, as "vambe jobs --state failed" lists them, or their first characters')
    .option(...taskFolders)
    .action(async (ids: string[], flags: RetryFlags) => {
      const { idsOrFilter } = await import('../kit/job-selection.ts');
      const chosen = idsOrFilter(ids, flags);
      if ('ids' in chosen) await runRetry(cli, chosen.ids, flags);
      else await runRetryWhere(cli, chosen.terms, flags);
    });
  withExample(
    command,
    'vambe retry 0b9ff9a0 --reason "seller corrected the transcript"',
    'vambe retry --filter "state=failed error=TASK_TIMEOUT finished>1d" --yes',
  );
}

async function load() {
  const [{ withCore }, { currentActor }, { describeNotQueued }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../kit/actor.ts'),
    import('../../services/jobs/not-queued.ts'),
  ]);
  return { withCore, currentActor, notQueued: `vambe: ${describeNotQueued('several')}` };
}

async function runRetry(cli: Cli, given: readonly string[], { reason, tasks }: RetryFlags): Promise<void> {
  const { withCore, currentActor, notQueued } = await load();
  const [{ completeTaskIds }, { isRetried, retryJobs }, { toRetryDocument }] = await Promise.all([
    import('../../services/jobs/task-ids.ts'),
    import('../../services/jobs/retry-jobs.ts'),
    import('../../contract/jobs.ts'),
  ]);
  const { answers, isQueued } = await withCore(
    cli,
    async (app) => {
      const taskIds = await completeTaskIds(app.database, given);
      return retryJobs(app, { taskIds, reason: reason ?? null, actor: currentActor() });
    },
    { taskFolders: tasks },
  );
  const document = toRetryDocument(answers);
  if (cli.json) cli.document(document);
  else
    for (const { task_id, answer } of answers) {
      if (isRetried(answer)) cli.out(`${task_id} ${words[answer]}`);
      else cli.note(`vambe: ${task_id} ${words[answer]}.`);
    }
  if (!isQueued) cli.note(notQueued);
  if (answers.every(({ answer }) => answer === 'unknown')) cli.exitWith(3);
  else if (!document.success) cli.exitWith(4);
}

async function runRetryWhere(cli: Cli, terms: readonly FilterTerm[], flags: RetryFlags): Promise<void> {
  const { withCore, currentActor, notQueued } = await load();
  const [
    { confirmSelection, readRunning, withSelectionBar },
    { countSelected },
    { retrySelected },
    { toRetrySelectionDocument },
  ] = await Promise.all([
    import('../kit/job-selection.ts'),
    import('../../services/jobs/select-jobs.ts'),
    import('../../services/jobs/retry-jobs.ts'),
    import('../../contract/jobs.ts'),
  ]);
  await withCore(
    cli,
    async (app, { redisUrl }) => {
      const running = await readRunning(cli, redisUrl);
      const selection = { terms, running, eligible: 'retriable' as const };
      const found = await countSelected(app.database, selection);
      const bulkWords = { verb: 'retry', past: 'queued again' };
      if (!(await confirmSelection(cli, found, { flags, words: bulkWords }))) return;
      const change = { actor: currentActor(), reason: flags.reason ?? null };
      const { answers, isQueued } = await withSelectionBar(cli, found.count, (watch) =>
        retrySelected(app, { selected: { selection, found, ...watch }, ...change }),
      );
      const document = toRetrySelectionDocument(found.count, answers);
      if (cli.json) cli.document(document);
      else cli.out(`${document.reopened} of ${found.count} queued again`);
      if (!isQueued) cli.note(notQueued);
      if (answers['no-queue'] !== undefined)
        cli.note(
          `vambe: ${answers['no-queue']} belong to queues of tasks that are not known here: name their folder with --tasks.`,
        );
      if (!document.success) cli.exitWith(4);
    },
    { taskFolders: flags.tasks },
  );
}
