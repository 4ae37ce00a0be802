/** `vambe cancel`: ends jobs that are queued, retrying or being processed. */
import type { Command } from 'commander';
import type { FilterTerm } from '../../models/job-filter.ts';
import type { CancelAnswer } from '../../services/jobs/cancel-jobs.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample, withJobSelection } from '../kit/help.ts';
import type { SelectionFlags } from '../kit/job-selection.ts';

const words: Readonly<Record<CancelAnswer, string>> = {
  stopped: 'ran and was stopped; nothing is saved',
  'not-running': 'did not run and will not start',
  'already-finished': 'is finished already, nothing was changed; "vambe jobs ID" shows how it ended',
  'worker-silent': 'is cancelled, but its worker has not answered: nothing that it still does will be saved',
  unknown: 'is no task id of a job; "vambe jobs" lists them',
};
const isDone = (answer: CancelAnswer) => answer !== 'already-finished' && answer !== 'unknown';

export function register(program: Command, cli: Cli): void {
  const command = withJobSelection(program.command('cancel'))
    .description('end jobs that are queued, retrying or being processed; what they would have answered is not saved')
    .argument('[task-id...]', 'ids of jobs, as "vambe jobs --state queued" lists them, or their first characters')
    .action(async (ids: string[], flags: SelectionFlags) => {
      const { idsOrFilter } = await import('../kit/job-selection.ts');
      const chosen = idsOrFilter(ids, flags);
      if ('ids' in chosen) await runCancel(cli, chosen.ids, flags);
      else await runCancelWhere(cli, chosen.terms, flags);
    });
  withExample(
    command,
    'vambe cancel 0b9ff9a0 --reason "imported twice"',
    'vambe cancel --filter "state=queued origin=import accepted>1h" --yes',
  );
}

async function runCancel(cli: Cli, given: readonly string[], { reason }: SelectionFlags): Promise<void> {
  const [{ withCore }, { currentActor }, { completeTaskIds }, { cancelJobs }, { toCancelDocument }] = await Promise.all(
    [
      import('../kit/servers.ts'),
      import('../kit/actor.ts'),
      import('../../services/jobs/task-ids.ts'),
      import('../../services/jobs/cancel-jobs.ts'),
      import('../../contract/jobs.ts'),
    ],
  );
  const answers = await withCore(cli, async (app) => {
    const taskIds = await completeTaskIds(app.database, given);
    return cancelJobs(app, { taskIds, actor: currentActor(), reason: reason ?? null });
  });
  const document = toCancelDocument(answers);
  if (cli.json) cli.document(document);
  else
    for (const { task_id, answer } of answers) {
      if (isDone(answer)) cli.out(`${task_id} ${answer}: it ${words[answer]}`);
      else cli.note(`vambe: ${task_id} ${words[answer]}.`);
    }
  if (answers.every(({ answer }) => answer === 'unknown')) cli.exitWith(3);
  else if (!document.success) cli.exitWith(4);
}

async function runCancelWhere(cli: Cli, terms: readonly FilterTerm[], flags: SelectionFlags): Promise<void> {
  const [{ withCore }, { currentActor }, { confirmSelection, readRunning, withSelectionBar }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../kit/actor.ts'),
    import('../kit/job-selection.ts'),
  ]);
  const [{ countSelected }, { cancelSelected }, { toCancelSelectionDocument }] = await Promise.all([
    import('../../services/jobs/select-jobs.ts'),
    import('../../services/jobs/cancel-jobs.ts'),
    import('../../contract/jobs.ts'),
  ]);
  await withCore(cli, async (app, { redisUrl }) => {
    const running = await readRunning(cli, redisUrl);
    const selection = { terms, running, eligible: 'open' as const };
    const found = await countSelected(app.database, selection);
    const bulkWords = { verb: 'cancel', past: 'cancelled' };
    if (!(await confirmSelection(cli, found, { flags, words: bulkWords }))) return;
    const change = { actor: currentActor(), reason: flags.reason ?? null };
    const answers = await withSelectionBar(cli, found.count, (watch) =>
      cancelSelected(app, { selected: { selection, found, ...watch }, ...change }),
    );
    const document = toCancelSelectionDocument(found.count, answers);
    const {
      stopped = 0,
      'not-running': waited = 0,
      'worker-silent': silent = 0,
      'already-finished': ended = 0,
    } = answers;
    if (cli.json) cli.document(document);
    else
      cli.out(`${document.cancelled} of ${found.count} cancelled: ${waited} waited, ${stopped} ran and were stopped`);
    if (silent > 0) cli.note(`vambe: the workers of ${silent} have not answered; what they still do is not saved.`);
    if (ended > 0) cli.note(`vambe: ${ended} had finished meanwhile.`);
  });
}
