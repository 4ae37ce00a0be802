/** `vambe classify`: queues meetings for classification, or classifies a bare transcript at once. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

interface ClassifyFlags {
  readonly all?: boolean;
  readonly unclassified?: boolean;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly taxonomy?: string;
  readonly yes?: boolean;
}

const largestId = 2_147_483_647;

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('classify')
    .description('queue meetings for classification, or classify a transcript at once')
    .argument('[id...]', 'ids of meetings', meetingIds)
    .option('--all', 'every meeting that has a transcript')
    .option('--unclassified', 'every meeting that has a transcript and no classification')
    .option('--force', 'classify anew also what has not changed')
    .option('-w, --wait', 'wait for the end and print the labels; a worker must be running')
    .option('--file <file>', 'classify this transcript here and now, without servers; - reads standard input')
    .option('--dry-run', 'show which labels would change, and write nothing')
    .option('--taxonomy <file>', 'with --dry-run: under this taxonomy instead of TAXONOMY_FILE')
    .option('-y, --yes', 'with --dry-run: ask the model even though it costs money')
    .action(async (ids: readonly number[], flags: ClassifyFlags) => {
      await runClassify(cli, ids, flags);
    });
  withExample(
    command,
    'vambe classify 12 13 --wait',
    'vambe classify --unclassified',
    'vambe classify --file transcript.txt',
    'vambe classify --all --dry-run --taxonomy new.yaml',
  );
}

async function runClassify(cli: Cli, ids: readonly number[], flags: ClassifyFlags): Promise<void> {
  await refuseMixedUp(flags);
  const { all = false, unclassified = false, force = false, wait = false, file } = flags;
  const named = [ids.length > 0, all, unclassified, file !== undefined].filter((each) => each).length;
  if (named !== 1) {
    const { AppError } = await import('../../core/errors.ts');
    const problem = named === 0 ? 'Nothing to classify was named' : 'More than one choice was made';
    throw new AppError('USAGE', `${problem}. Give either ids, --all, --unclassified or --file.`);
  }
  if (file !== undefined) {
    if (force || wait) {
      const { AppError } = await import('../../core/errors.ts');
      const option = wait ? '--wait' : '--force';
      throw new AppError('USAGE', `${option} has no meaning with --file, which is classified at once. Leave it out.`);
    }
    const { classifyFile } = await import('../classify-file.ts');
    await classifyFile(cli, file);
    return;
  }
  const choice = all ? 'all' : unclassified ? 'unclassified' : [...new Set(ids)];
  if (flags.dryRun === true) {
    const { dryRun } = await import('../dry-run.ts');
    await dryRun(cli, { choice, taxonomyFile: flags.taxonomy, mayPay: flags.yes === true });
    return;
  }
  const { queueMeetings } = await import('../queue-meetings.ts');
  await queueMeetings(cli, { choice, isForced: force, waits: wait });
}

async function refuseMixedUp({ dryRun, taxonomy, yes, force, wait, file }: ClassifyFlags): Promise<void> {
  const problem =
    dryRun === true
      ? [force && '--force', wait && '--wait', file !== undefined && '--file'].filter((each) => each)[0]
      : [taxonomy !== undefined && '--taxonomy', yes && '--yes'].filter((each) => each)[0];
  if (problem === undefined) return;
  const { AppError } = await import('../../core/errors.ts');
  const words = dryRun === true ? 'has no meaning with --dry-run' : 'goes with --dry-run alone';
  throw new AppError('USAGE', `${problem} ${words}. Leave it out${dryRun === true ? '' : ', or add --dry-run'}.`);
}

/** Called with one id at a time; one list grows, as a hundred thousand ids may be given. */
function meetingIds(given: string, before: number[] = []): number[] {
  const id = Number(given);
  if (!/^\d{1,10}$/.test(given) || id < 1 || id > largestId) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${largestId}.`);
  }
  before.push(id);
  return before;
}
