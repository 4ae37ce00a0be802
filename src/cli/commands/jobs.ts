/** `vambe jobs`: the jobs, newest first, and one of them whole. */
import { type Command, InvalidArgumentError } from 'commander';
import type { FilterTerm } from '../../models/job-filter.ts';
import { isJobCursor, type ShownState, shownStates } from '../../models/queries/jobs.ts';
import type { Cli } from '../kit/cli.ts';
import { filterHelp, oneOf, wholeNumber, withExample } from '../kit/help.ts';

interface ListFlags {
  readonly state?: ShownState;
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
    .argument('[task-id]', 'show this job')
    .option('-s, --state <state>', `only jobs that are ${shownStates.join(', ')}`, oneOf(shownStates))
    .option('-t, --task <name>', 'only jobs of this task')
    .option('-m, --meeting <id>', 'only jobs of this meeting', wholeNumber({ min: 1, max: 2_147_483_647 }))
    .option('-f, --filter <filter>', filterHelp)
    .option('-n, --limit <count>', 'jobs to list', wholeNumber({ min: 1, max: 1000 }), 20)
    .option('--cursor <cursor>', 'go on with what is older; the end of a list names it', jobCursor)
    .helpCommand(false)
    .action(async (taskId: string | undefined, flags: ListFlags) => {
      if (taskId === undefined) await listJobs(cli, flags);
      else await showJob(cli, taskId);
    });
  withExample(
    command,
    'vambe jobs',
    'vambe jobs --state failed --limit 50',
    'vambe jobs --filter "state=failed,cancelled error=TASK_TIMEOUT accepted>=2026-11-01 accepted<2d"',
    'vambe jobs show 0b9ff9a0-32a6-4f0f-a0c2-3f8b8f6c1d11',
  );
  const show = command
    .command('show')
    .description('one job whole: parameters, attempts, result')
    .argument('<task-id>', 'its id')
    .action((taskId: string) => showJob(cli, taskId));
  withExample(show, 'vambe jobs show 0b9ff9a0-32a6-4f0f-a0c2-3f8b8f6c1d11');
}

/** A row id, as `next_cursor` gives it. */
function jobCursor(given: string): string {
  if (isJobCursor(given)) return given;
  throw new InvalidArgumentError('It must be what the end of a list named.');
}

async function listJobs(cli: Cli, flags: ListFlags): Promise<void> {
  const [{ withDatabase }, { readRunning }, queries, { listJobsWhere }, { parseJobFilter }, { describeJobList }] =
    await Promise.all([
      import('../kit/with-database.ts'),
      import('../../services/observe/look.ts'),
      import('../../models/queries/jobs.ts'),
      import('../../models/queries/operations.ts'),
      import('../../models/job-filter.ts'),
      import('../describe-job.ts'),
    ]);
  const terms = flags.filter === undefined ? null : parseJobFilter(flags.filter, Date.now());
  await withDatabase(cli, async (database, { servers }) => {
    const running = await readRunning(cli, servers.redisUrl);
    const { state, task, meeting, limit, cursor } = flags;
    const page =
      terms === null
        ? await queries.listJobs(database, { filter: { state, task, meetingId: meeting }, running, limit, cursor })
        : await listJobsWhere(database, { terms: [...terms, ...flagTerms(flags)], running, limit, cursor });
    if (cli.json) {
      cli.document({ success: true, jobs: page.jobs, next_cursor: page.nextCursor });
      return;
    }
    if (page.jobs.length > 0) cli.out(describeJobList(cli, page.jobs, Date.now()));
    else if (!cli.isTerminal) cli.out(describeJobList(cli, [], Date.now()));
    if (page.jobs.length === 0) cli.note(emptyWords(flags));
    if (page.nextCursor !== null) cli.note(`There are older ones: add --cursor ${page.nextCursor}`);
  });
}

/** The short flags as terms, where they stand beside a filter. */
function flagTerms({ state, task, meeting }: ListFlags): FilterTerm[] {
  return [
    ...(state === undefined ? [] : [{ key: 'state' as const, isNot: false, values: [state] }]),
    ...(task === undefined ? [] : [{ key: 'task' as const, isNot: false, values: [task] }]),
    ...(meeting === undefined ? [] : [{ key: 'meeting' as const, isNot: false, values: [meeting] }]),
  ];
}

function emptyWords({ state, task, meeting, filter, cursor }: ListFlags): string {
  if (cursor !== undefined) return 'No older jobs.';
  if ([state, task, meeting, filter].some((each) => each !== undefined))
    return 'No jobs like that. "vambe jobs" lists all.';
  return `No jobs yet. "vambe classify --all" or "vambe call classify_meeting --args '[1]'" makes some.`;
}

async function showJob(cli: Cli, taskId: string): Promise<void> {
  const [{ AppError }, { withDatabase }, { readRunning }, { findJob }, { createJobLedger }, { describeJob }] =
    await Promise.all([
      import('../../core/errors.ts'),
      import('../kit/with-database.ts'),
      import('../../services/observe/look.ts'),
      import('../../models/queries/jobs.ts'),
      import('../../models/queries/job-ledger.ts'),
      import('../describe-job.ts'),
    ]);
  await withDatabase(cli, async (database, { servers }) => {
    const running = await readRunning(cli, servers.redisUrl);
    const found = await findJob(database, { taskId, running });
    if (!found)
      throw new AppError('NOT_FOUND', `There is no job with the task id "${taskId}". "vambe jobs" lists them.`);
    // A classification's result is put together from the tables; only other tasks keep it in the job row.
    const result = found.state === 'completed' ? await createJobLedger(database).resultOf(taskId) : found.result;
    const job = { ...found, result: result ?? null };
    if (cli.json) cli.document({ success: true, job });
    else cli.out(describeJob(cli, job, Date.now()));
  });
}
