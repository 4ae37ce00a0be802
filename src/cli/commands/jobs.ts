/** `vambe jobs`: the jobs, newest first, and one of them whole. */
import { type Command, InvalidArgumentError } from 'commander';
import { type FilterState, filterStates, isJobCursor, parseJobFilter, stateOf } from '../../models/job-filter.ts';
import type { Cli } from '../kit/cli.ts';
import { filterHelp, oneOf, wholeNumber, withExample } from '../kit/help.ts';

interface ListFlags {
  readonly state?: FilterState;
  readonly task?: string;
  readonly meeting?: number;
  readonly filter?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('jobs')
    .description('jobs, newest first, or one job whole')
    .argument('[task-id]', 'show this job; the first characters of its id are enough')
    .option('-s, --state <state>', `only jobs that are ${filterStates.join(', ')}`, jobState)
    .option('-t, --task <name>', 'only jobs of this task')
    .option('-m, --meeting <id>', 'only jobs of this meeting', wholeNumber({ min: 1, max: 2_147_483_647 }))
    .option('-f, --filter <filter>', filterHelp)
    .option('-n, --limit <count>', 'jobs to list', wholeNumber({ min: 1, max: 1000 }), 20)
    .option('--cursor <cursor>', 'go on with what is older; the end of a list names it', jobCursor)
    .helpCommand(false)
    .action(async (taskId: string | undefined, flags: ListFlags) => {
      if (taskId === undefined) await runList(cli, flags);
      else await runShow(cli, taskId);
    });
  withExample(
    command,
    'vambe jobs',
    'vambe jobs --state failed --limit 50',
    'vambe jobs --filter "state=failed error=TASK_TIMEOUT accepted>=2026-11-01"',
    'vambe jobs show 0b9ff9a0',
  );
  const show = command
    .command('show')
    .description('one job whole: parameters, attempts, result')
    .argument('<task-id>', 'its id, or the first characters of it')
    .action((taskId: string) => runShow(cli, taskId));
  withExample(show, 'vambe jobs show 0b9ff9a0');
}

/** A state, or another word for one: `running`. */
function jobState(given: string): FilterState {
  return stateOf(given) ?? oneOf(filterStates)(given);
}

/** A row id, as `next_cursor` gives it. */
function jobCursor(given: string): string {
  if (isJobCursor(given)) return given;
  throw new InvalidArgumentError('It must be what the end of a list named.');
}

async function runList(cli: Cli, flags: ListFlags): Promise<void> {
  const [{ withDatabase }, { readRunning }, { listJobs }, { toJobListDocument }, { describeJobList }] =
    await Promise.all([
      import('../kit/with-database.ts'),
      import('../kit/job-selection.ts'),
      import('../../services/jobs/list-jobs.ts'),
      import('../../contract/jobs.ts'),
      import('../print/jobs.ts'),
    ]);
  const { filter, meeting: meetingId, ...chosen } = flags;
  const terms = filter === undefined ? undefined : parseJobFilter(filter, Date.now());
  const page = await withDatabase(cli, async (database, { servers }) =>
    listJobs(database, { ...chosen, meetingId, terms, listRunning: () => readRunning(cli, servers.redisUrl) }),
  );
  if (cli.json) return cli.document(toJobListDocument(page));
  if (page.jobs.length > 0 || !cli.isTerminal) cli.out(describeJobList(cli, page.jobs, Date.now()));
  if (page.jobs.length === 0) cli.note(emptyWords(flags));
  if (page.nextCursor !== null) cli.note(`There are older ones: add --cursor ${page.nextCursor}`);
}

function emptyWords({ state, task, meeting, filter, cursor }: ListFlags): string {
  if (cursor !== undefined) return 'No older jobs.';
  if ([state, task, meeting, filter].some((each) => each !== undefined))
    return 'No jobs like that. "vambe jobs" lists all.';
  return `No jobs yet. "vambe classify --all" or "vambe call classify_meeting --args '[1]'" makes some.`;
}

async function runShow(cli: Cli, taskId: string): Promise<void> {
  const [{ withDatabase }, { readRunning }, { showJob }, { toJobDocument }, { describeJob }] = await Promise.all([
    import('../kit/with-database.ts'),
    import('../kit/job-selection.ts'),
    import('../../services/jobs/show-job.ts'),
    import('../../contract/jobs.ts'),
    import('../print/jobs.ts'),
  ]);
  const job = await withDatabase(cli, async (database, { servers }) =>
    showJob(database, { taskId, listRunning: () => readRunning(cli, servers.redisUrl) }),
  );
  if (cli.json) cli.document(toJobDocument(job));
  else cli.out(describeJob(cli, job, Date.now()));
}
