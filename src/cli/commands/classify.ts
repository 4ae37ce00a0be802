/** `vambe classify`: queues meetings for classification, or classifies a bare transcript at once. */
import { type Command, InvalidArgumentError } from 'commander';
import type { MeetingChoice } from '../../services/meetings/choose-meetings.ts';
import type { RequestedClassifications } from '../../services/meetings/request-classification.ts';
import type { Core } from '../../wiring.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';
import type { InputText } from '../read-input.ts';

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

const maxId = 2_147_483_647;

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('classify')
    .description('queue meetings for classification, or classify a transcript at once')
    .argument('[id...]', 'ids of meetings', meetingIds)
    .option('--all', 'every meeting that has a transcript')
    .option('--unclassified', 'every meeting that has a transcript and no classification')
    .option('--force', 'classify again also what has not changed')
    .option('-w, --wait', 'wait for the end and print the labels; a worker must be running')
    .option(
      '--file <file>',
      'classify this transcript (.txt .vtt .srt .json .docx .md) here and now, without servers; - reads standard input',
    )
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
    return classifyFile(cli, file);
  }
  const choice = all ? 'all' : unclassified ? 'unclassified' : [...new Set(ids)];
  if (flags.dryRun === true) await tryClassification(cli, choice, flags);
  else await queueMeetings(cli, { choice, isForced: force, waits: wait });
}

async function queueMeetings(
  cli: Cli,
  { choice, isForced, waits }: { choice: MeetingChoice; isForced: boolean; waits: boolean },
): Promise<void> {
  const [{ withCore }, { requestClassification }, { describeNotQueued }, { currentActor }, { describeUnknown }] =
    await Promise.all([
      import('../kit/servers.ts'),
      import('../../services/meetings/request-classification.ts'),
      import('../../services/jobs/not-queued.ts'),
      import('../kit/actor.ts'),
      import('../print/classifications.ts'),
    ]);
  await withCore(cli, async (app) => {
    const request = { choice, isForced, actor: currentActor(), origin: 'cli', signal: cli.signal };
    const requested = await requestClassification(app, request);
    const { jobs, unknown, isQueued } = requested;
    if (!isQueued) cli.note(`vambe: ${describeNotQueued('several')}`);
    if (unknown.length > 0) {
      cli.note(`vambe: ${describeUnknown(unknown)}`);
      cli.exitWith(jobs.length === 0 ? 3 : 4);
    }
    if (waits && jobs.length > 0) await waitForEnds(cli, app, requested);
    else await printQueued(cli, requested);
  });
}

async function printQueued(cli: Cli, requested: RequestedClassifications): Promise<void> {
  const [{ toQueuedDocument }, { describeQueued }] = await Promise.all([
    import('../../contract/classifications.ts'),
    import('../print/classifications.ts'),
  ]);
  const { jobs, unknown } = requested;
  if (cli.json) return cli.document(toQueuedDocument(requested));
  if (jobs.length === 0) {
    if (unknown.length === 0) cli.note('Nothing to classify: no meeting fits.');
    return;
  }
  cli.out(describeQueued(cli, jobs));
  if (cli.isTerminal) cli.note('"vambe status" shows how far they are; --wait waits for them.');
}

async function waitForEnds(cli: Cli, app: Core, requested: RequestedClassifications): Promise<void> {
  const [
    { countEnds, waitForClassifications },
    { toEndedDocument },
    { describeEnded, describeLeft, describeStall },
    { isAbort },
  ] = await Promise.all([
    import('../../services/meetings/wait-for-classifications.ts'),
    import('../../contract/classifications.ts'),
    import('../print/classifications.ts'),
    import('../kit/fault.ts'),
  ]);
  const { jobs } = requested;
  const bar = cli.bar(jobs.length, 'classifying meetings');
  let done = 0;
  const ended = await waitForClassifications(app, {
    jobs,
    signal: cli.signal,
    onProgress(count) {
      done = count;
      bar.update(count);
    },
    onStall: (stall) => cli.note(`vambe: ${describeStall(stall)}`),
  })
    .catch((error: unknown) => {
      if (isAbort(error)) cli.note(`vambe: ${describeLeft(jobs.length - done)}`);
      throw error;
    })
    .finally(() => bar.stop());
  const counts = countEnds(ended);
  if (cli.json) cli.document(toEndedDocument(requested, ended, counts));
  else cli.out(describeEnded(cli, ended, counts));
  if (counts.failed > 0) cli.exitWith(4);
}

async function tryClassification(cli: Cli, choice: MeetingChoice, flags: ClassifyFlags): Promise<void> {
  const [
    { chooseClassifier, readTaxonomy },
    { withDatabase },
    { dryRun },
    { refuseUnaskedCost },
    { toDryRunDocument },
    { describeDryRun, describeUnknown },
  ] = await Promise.all([
    import('../../wire-services.ts'),
    import('../kit/with-database.ts'),
    import('../../services/meetings/dry-run.ts'),
    import('../../services/evaluation/run-figures.ts'),
    import('../../contract/classifications.ts'),
    import('../print/classifications.ts'),
  ]);
  const { config } = cli.config();
  const chosen = flags.taxonomy === undefined ? config : { ...config, taxonomyFile: flags.taxonomy };
  const taxonomy = await readTaxonomy(chosen);
  // Without a memory the classifier keeps no reply, so that nothing is written by it either.
  const classifier = await chooseClassifier(chosen, taxonomy);
  const mayPay = flags.yes === true;
  // Before any server.
  refuseUnaskedCost(classifier, { mayPay, what: 'A dry run' });
  const run = await withDatabase(cli, (database) =>
    dryRun({ database, taxonomy, classifier }, { choice, mayPay, signal: cli.signal }),
  );
  if (run.unknown.length > 0) cli.exitWith(run.report.meetings === 0 ? 3 : 4);
  if (cli.json) return cli.document(toDryRunDocument(run));
  cli.out(describeDryRun(cli, run));
  if (run.unknown.length > 0) cli.note(`vambe: ${describeUnknown(run.unknown)}`);
  cli.note('vambe: nothing was written.');
}

/** Four bytes a character at most. */
const maxFileBytes = 8 * 1024 ** 2;

async function classifyFile(cli: Cli, path: string): Promise<void> {
  const [
    { chooseClassifier, readTaxonomy },
    { classifyTranscript },
    { toTranscriptDocument },
    { describeAnswerFlags, describeTranscript },
  ] = await Promise.all([
    import('../../wire-services.ts'),
    import('../../services/meetings/classify-transcript.ts'),
    import('../../contract/classifications.ts'),
    import('../print/classifications.ts'),
  ]);
  const { text: transcript, name } = await readTranscript(path);
  const { config } = cli.config();
  const taxonomy = await readTaxonomy(config);
  const classifier = await chooseClassifier(config, taxonomy);
  const classified = await classifyTranscript({ taxonomy, classifier }, { transcript, name, signal: cli.signal });
  if (cli.json) return cli.document(toTranscriptDocument(classified));
  cli.out(describeTranscript(cli, classified));
  cli.note(`\n${describeAnswerFlags(classified)}`);
}

/** A Word document by its words; everything else as it is. */
async function readTranscript(path: string): Promise<InputText> {
  if (path.toLowerCase().endsWith('.docx')) {
    const { readTranscriptFile } = await import('../../services/meetings/sources/transcript-text.ts');
    return { text: await readTranscriptFile(path), name: path };
  }
  const { readInput } = await import('../read-input.ts');
  return readInput(path, { what: 'a transcript as plain text', maxBytes: maxFileBytes, anyEncoding: true });
}

async function refuseMixedUp({ dryRun, taxonomy, yes, force, wait, file }: ClassifyFlags): Promise<void> {
  const problem =
    dryRun === true
      ? [force && '--force', wait && '--wait', file !== undefined && '--file'].filter((each) => each)[0]
      : [taxonomy !== undefined && '--taxonomy', yes && '--yes'].filter((each) => each)[0];
  if (problem === undefined) return;
  const { AppError } = await import('../../core/errors.ts');
  const message = dryRun === true ? 'has no meaning with --dry-run' : 'goes only with --dry-run';
  throw new AppError('USAGE', `${problem} ${message}. Leave it out${dryRun === true ? '' : ', or add --dry-run'}.`);
}

/** Called with one id at a time; one list grows, as a hundred thousand ids may be given. */
function meetingIds(given: string, before: number[] = []): number[] {
  const id = Number(given);
  if (!/^\d{1,10}$/.test(given) || id < 1 || id > maxId) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${maxId}.`);
  }
  before.push(id);
  return before;
}
