/** `vambe eval`: how well labelled meetings are classified. */
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import type { EvaluationSubject } from '../../services/evaluation/evaluate.ts';
import type { LabelledMeeting } from '../../services/evaluation/labelled-meetings.ts';
import type { EvaluationReport } from '../../services/evaluation/report.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

interface EvalFlags {
  readonly verbose?: boolean;
  readonly compare?: readonly string[];
  readonly html?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('eval')
    .description('classify labelled meetings: accuracy a field, calibration and cost, beside the commonest value')
    .argument('<file>', 'one JSON object a line: id, transcript, labels; rows without labels are not scored')
    .option('-v, --verbose', 'list every disagreement')
    .option('--compare <what...>', 'two of offline, llm or taxonomy files, tested on the same meetings')
    .option('--html <file>', 'also write a page with charts: one file, no network')
    .addHelpText(
      'after',
      `
Needs no server and stores nothing. --json adds
"predictions": [{"id", "labels"}].
A label is null where the text does not say; "acceptable" may hold other values
that count as right:
  {"id": "1", "transcript": "…", "labels": {"urgency": true},
   "acceptable": {"lead_source": ["seo"]}}`,
    )
    .action((file: string, flags: EvalFlags) => runEval(cli, file, flags));
  withExample(
    command,
    'vambe eval labelled.jsonl',
    'vambe eval labelled.jsonl --compare offline llm --html report.html',
    'vambe eval labelled.jsonl --json > scores.json',
  );
}

/** Rows and their predictions are held in memory. */
const maxBytes = 256 * 1024 ** 2;

/** @throws AppError USAGE, INPUT_FILE_INVALID, TAXONOMY_INVALID, SETTINGS_INVALID */
async function runEval(cli: Cli, path: string, { verbose = false, compare, html }: EvalFlags): Promise<void> {
  const [
    { AppError },
    { readInput },
    { readLabelledMeetings },
    { describePageFile, requirePageFile, writePageFile },
    { classifierNames },
  ] = await Promise.all([
    import('../../core/errors.ts'),
    import('../read-input.ts'),
    import('../../services/evaluation/labelled-meetings.ts'),
    import('../page-file.ts'),
    import('../../services/classification/registry.ts'),
  ]);
  if (compare !== undefined && compare.length !== 2) {
    const message = `--compare takes two of ${classifierNames.join(', ')} or taxonomy files, ${compare.length} were given. Put the file of meetings before it.`;
    throw new AppError('USAGE', message);
  }
  const { text, name: file } = await readInput(path, { what: 'labelled meetings, one JSON object a line', maxBytes });
  const labelled = { file, meetings: readLabelledMeetings(text, file) };
  const { config } = cli.config();
  // All of them before the first meeting: an answer may take long and cost money.
  const [first, second] = await Promise.all((compare ?? [undefined]).map((spec) => openSubject(config, spec)));
  await requirePageFile(html);
  if (first === undefined) throw new AppError('BUG', 'Nothing is there to be evaluated.');
  const page =
    second === undefined
      ? await evaluateOne(cli, first, { ...labelled, verbose })
      : await evaluateTwo(cli, [first, second], labelled);
  if (html === undefined) return;
  await writePageFile(html, page);
  cli.note(describePageFile(html));
}

interface Labelled {
  readonly file: string;
  readonly meetings: readonly LabelledMeeting[];
}

/** The page with its charts. */
async function evaluateOne(
  cli: Cli,
  subject: EvaluationSubject,
  { verbose, ...labelled }: Labelled & { verbose: boolean },
): Promise<string> {
  const [{ toEvaluationDocument }, { describeEvaluation }, { writeHtmlReport }] = await Promise.all([
    import('../../contract/evaluation.ts'),
    import('../print/evaluation.ts'),
    import('../../services/evaluation/html-report.ts'),
  ]);
  const report = await evaluate(cli, subject, labelled);
  if (cli.json) cli.document(toEvaluationDocument(report));
  else cli.out(describeEvaluation(cli, report, { isVerbose: verbose }));
  return writeHtmlReport([report], null);
}

/** The page with its charts. */
async function evaluateTwo(
  cli: Cli,
  [first, second]: readonly [EvaluationSubject, EvaluationSubject],
  labelled: Labelled,
): Promise<string> {
  const [{ compareReports }, { toComparisonDocument }, { describeComparison }, { writeHtmlReport }] = await Promise.all(
    [
      import('../../services/evaluation/evaluate.ts'),
      import('../../contract/evaluation.ts'),
      import('../print/evaluation.ts'),
      import('../../services/evaluation/html-report.ts'),
    ],
  );
  const reports = [await evaluate(cli, first, labelled), await evaluate(cli, second, labelled)] as const;
  const comparison = compareReports([first.taxonomy, second.taxonomy], labelled.meetings, reports);
  if (cli.json) cli.document(toComparisonDocument(reports, comparison));
  else cli.out(describeComparison(cli, reports, comparison));
  return writeHtmlReport(reports, comparison);
}

async function evaluate(cli: Cli, subject: EvaluationSubject, labelled: Labelled): Promise<EvaluationReport> {
  const [{ evaluateClassifier, findUnknownLabels }, { describeUnknownLabels }] = await Promise.all([
    import('../../services/evaluation/evaluate.ts'),
    import('../print/evaluation.ts'),
  ]);
  const { taxonomy } = subject;
  const unknown = findUnknownLabels(taxonomy, labelled.meetings);
  for (const each of describeUnknownLabels(unknown, taxonomy.fileName)) cli.note(`vambe: ${each}`);
  const bar = cli.bar(labelled.meetings.length, 'classifying');
  try {
    return await evaluateClassifier(subject, {
      ...labelled,
      signal: cli.signal,
      onProgress: (classified) => bar.update(classified),
    });
  } finally {
    bar.stop();
  }
}

async function openSubject(config: Config, spec: string | undefined): Promise<EvaluationSubject> {
  const { chooseClassifier, readTaxonomy } = await import('../../wire-services.ts');
  const { name, config: chosen } = await chooseSettings(config, spec);
  const taxonomy = await readTaxonomy(chosen);
  return { name, taxonomy, classifier: await chooseClassifier(chosen, taxonomy) };
}

/** Settings for `offline`, `llm` or a taxonomy file. */
async function chooseSettings(config: Config, spec: string | undefined): Promise<{ name: string; config: Config }> {
  if (spec === undefined) return { name: 'as configured', config };
  const [{ AppError }, { nearestName }, { contradictions }, { basename }, registry] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../core/nearest-name.ts'),
    import('../../config/contradictions.ts'),
    import('node:path'),
    import('../../services/classification/registry.ts'),
  ]);
  if (registry.isClassifierName(spec)) {
    const chosen: Config = { ...config, classifier: spec };
    // The settings were checked for the classifier that they name, not for this one.
    const [fault] = contradictions(chosen, () => true).faults;
    if (fault !== undefined) throw new AppError('SETTINGS_INVALID', fault);
    return { name: spec, config: chosen };
  }
  const nearest = nearestName(spec, registry.classifierNames);
  if (nearest !== undefined) {
    const message = `--compare "${spec}" is neither ${registry.classifierNames.join(' nor ')}. Did you mean ${nearest}? Write ./${spec} for a taxonomy file.`;
    throw new AppError('USAGE', message);
  }
  return { name: basename(spec), config: { ...config, taxonomyFile: spec } };
}
