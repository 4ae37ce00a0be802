/** `vambe cancel`: ends jobs that wait or run. */
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { FilterTerm } from '../../models/job-filter.ts';
import type { CancelAnswer } from '../../services/jobs/cancel-jobs.ts';
import type { BulkFlags } from '../bulk-jobs.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample, withJobSelection } from '../kit/help.ts';

interface CancelFlags extends BulkFlags {
  readonly reason?: string;
}

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
    .description('end jobs that wait or run; what they would have answered is not saved')
    .argument('[task-id...]', 'ids of jobs, as "vambe jobs --state queued" lists them')
    .action(async (ids: string[], flags: CancelFlags) => {
      const { idsOrFilter } = await import('../bulk-jobs.ts');
      const chosen = idsOrFilter(ids, flags);
      if ('ids' in chosen) await runCancel(cli, chosen.ids, flags);
      else await runCancelWhere(cli, chosen.terms, flags);
    });
  withExample(
    command,
    'vambe cancel 0b9ff9a0-32a6-4f0f-a0c2-3f8b8f6c1d11 --reason "imported twice"',
    'vambe cancel --filter "state=queued origin=import accepted>1h" --yes',
  );
}

async function runCancel(cli: Cli, taskIds: readonly string[], { reason }: CancelFlags): Promise<void> {
  const { withApp } = await import('../kit/servers.ts');
  const answers = await withApp(cli, async (app) => (await canceller(app, reason))(taskIds));
  const done = answers.filter(({ answer }) => isDone(answer)).length;
  if (cli.json) cli.document({ success: done === answers.length, cancelled: done, jobs: answers });
  else
    for (const { task_id, answer } of answers) {
      if (isDone(answer)) cli.out(`${task_id} ${answer}: it ${words[answer]}`);
      else cli.note(`vambe: ${task_id} ${words[answer]}.`);
    }
  if (answers.every(({ answer }) => answer === 'unknown')) cli.exitWith(3);
  else if (done < answers.length) cli.exitWith(4);
}

async function runCancelWhere(cli: Cli, terms: readonly FilterTerm[], flags: CancelFlags): Promise<void> {
  const [{ withApp }, { confirmSelection, forEachPage }, { readRunning }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../bulk-jobs.ts'),
    import('../../services/observe/look.ts'),
  ]);
  await withApp(cli, async (app, { redisUrl }) => {
    const selection = { terms, running: await readRunning(cli, redisUrl), eligible: 'open' as const };
    const bulkWords = { verb: 'cancel', past: 'cancelled' };
    const found = await confirmSelection(cli, app.database, { selection, flags, words: bulkWords });
    if (found === null) return;
    const cancel = await canceller(app, flags.reason);
    const answers = await forEachPage(cli, app.database, {
      selection,
      found,
      act: (page) => cancel(page.map(({ task_id }) => task_id)),
    });
    const {
      stopped = 0,
      'not-running': waited = 0,
      'worker-silent': silent = 0,
      'already-finished': ended = 0,
    } = answers;
    const cancelled = stopped + waited + silent;
    if (cli.json) cli.document({ success: true, matched: found.count, cancelled, answers });
    else cli.out(`${cancelled} of ${found.count} cancelled: ${waited} waited, ${stopped} ran and were stopped`);
    if (silent > 0) cli.note(`vambe: the workers of ${silent} have not answered; what they still do is not saved.`);
    if (ended > 0) cli.note(`vambe: ${ended} had finished meanwhile.`);
  });
}

async function canceller(app: App, reason: string | undefined) {
  const [{ cancelJobs }, { currentActor }] = await Promise.all([
    import('../../services/jobs/cancel-jobs.ts'),
    import('../kit/actor.ts'),
  ]);
  const request = { actor: currentActor(), reason: reason ?? null };
  return (taskIds: readonly string[]) => cancelJobs(app, { taskIds, ...request });
}
