/** The life of `vambe eval`: read the file, classify every row in this process, score, report. */
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chooseClassifier, readTaxonomy } from '../app.ts';
import { contradictions } from '../config/contradictions.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { Taxonomy } from '../models/taxonomy.ts';
import type { Classifier, FieldResult, ModelUsage } from '../services/classification/classifier.ts';
import { judgeAnswers, measureCalibration } from '../services/evaluation/calibration.ts';
import { answerKey } from '../services/evaluation/compare.ts';
import { compareClassifiers } from '../services/evaluation/comparison.ts';
import { writeHtmlReport } from '../services/evaluation/html-report.ts';
import { type LabelledMeeting, readLabelledMeetings } from '../services/evaluation/labelled-meetings.ts';
import { type EvaluationCost, type EvaluationReport, type Latency, valuesOf } from '../services/evaluation/report.ts';
import { describeDurations, sumUsages } from '../services/evaluation/run-figures.ts';
import { scoreMeetings } from '../services/evaluation/score.ts';
import { comparisonDocument, describeComparison, describeEvaluation, toDocument } from './describe-evaluation.ts';
import type { Cli } from './kit/cli.ts';
import { describePageFile, requirePageFile, writePageFile } from './page-file.ts';
import { readInput } from './read-input.ts';

/** Rows and their predictions are held in memory. */
const maxBytes = 256 * 1024 ** 2;
/** The loop answers Ctrl-C and draws the bar in between. */
const rowsATurn = 50;
const mostValuesShown = 5;

export interface EvalOptions {
  readonly verbose?: boolean;
  /** `offline`, `llm`, or a taxonomy file: two of them. */
  readonly compare?: readonly string[];
  /** Where a page with charts is written. */
  readonly html?: string;
}

/** @throws AppError USAGE, INPUT_FILE_INVALID, TAXONOMY_INVALID, SETTINGS_INVALID */
export async function runEval(cli: Cli, path: string, { verbose = false, compare, html }: EvalOptions): Promise<void> {
  if (compare !== undefined && compare.length !== 2) {
    const words = `--compare takes two of offline, llm or taxonomy files, ${compare.length} were given. Put the file of meetings before it.`;
    throw new AppError('USAGE', words);
  }
  const { text, name: file } = await readInput(path, { what: 'labelled meetings, one JSON object a line', maxBytes });
  const meetings = readLabelledMeetings(text, file);
  const { config } = cli.config();
  // All of them before the first meeting: an answer may take long and cost money.
  const [one, other] = await Promise.all((compare ?? [undefined]).map((spec) => prepare(subjectOf(config, spec))));
  await requirePageFile(html);
  if (one === undefined) throw new AppError('BUG', 'Nothing is there to be evaluated.');
  const first = await evaluate(cli, one, { file, meetings });
  if (other === undefined) {
    if (html !== undefined) await writePageFile(html, writeHtmlReport([first.report], null));
    if (cli.json) cli.document(toDocument(first.report));
    else cli.out(describeEvaluation(cli, first.report, { isVerbose: verbose }));
  } else {
    const second = await evaluate(cli, other, { file, meetings });
    const shared = first.taxonomy.fields.filter(({ id }) => second.taxonomy.fields.some((field) => field.id === id));
    const reports = [first.report, second.report] as const;
    const comparison = compareClassifiers(shared, meetings, [valuesOf(first.report), valuesOf(second.report)]);
    if (html !== undefined) await writePageFile(html, writeHtmlReport(reports, comparison));
    if (cli.json) cli.document(comparisonDocument(reports, comparison));
    else cli.out(describeComparison(cli, reports, comparison));
  }
  if (html !== undefined) cli.note(describePageFile(html));
}

interface Subject {
  readonly name: string;
  readonly config: Config;
}

function subjectOf(config: Config, spec: string | undefined): Subject {
  if (spec === undefined) return { name: 'as configured', config };
  if (spec === 'offline' || spec === 'llm') return { name: spec, config: requireFit({ ...config, classifier: spec }) };
  const nearest = nearestName(spec, ['offline', 'llm']);
  if (nearest !== undefined) {
    const words = `--compare "${spec}" is neither offline nor llm. Did you mean ${nearest}? Write ./${spec} for a taxonomy file.`;
    throw new AppError('USAGE', words);
  }
  return { name: basename(spec), config: { ...config, taxonomyFile: spec } };
}

/** The settings were checked for the classifier that they name, not for this one. */
function requireFit(config: Config): Config {
  const [fault] = contradictions(config, () => true).faults;
  if (fault !== undefined) throw new AppError('SETTINGS_INVALID', fault);
  return config;
}

interface Prepared {
  readonly name: string;
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
}

async function prepare({ name, config }: Subject): Promise<Prepared> {
  const taxonomy = await readTaxonomy(config);
  return { name, taxonomy, classifier: await chooseClassifier(config, taxonomy) };
}

async function evaluate(
  cli: Cli,
  { name, taxonomy, classifier }: Prepared,
  { file, meetings }: { file: string; meetings: readonly LabelledMeeting[] },
): Promise<{ report: EvaluationReport; taxonomy: Taxonomy }> {
  tellUnknownFields(cli, taxonomy, meetings);
  tellUnknownValues(cli, taxonomy, meetings);
  const { answers, latency, cost } = await classifyAll(cli, classifier, meetings);
  const report: EvaluationReport = {
    file,
    name,
    classifier: classifier.kind,
    model: classifier.model,
    taxonomyVersion: taxonomy.version,
    evaluation: scoreMeetings(taxonomy.fields, meetings, valuesOf({ answers })),
    calibration: measureCalibration(judgeAnswers(taxonomy.fields, meetings, answers)),
    latency,
    cost,
    answers,
  };
  return { report, taxonomy };
}

async function classifyAll(
  cli: Cli,
  classifier: Classifier,
  meetings: readonly LabelledMeeting[],
): Promise<{ answers: EvaluationReport['answers']; latency: Latency; cost: EvaluationCost | null }> {
  const answers = new Map<string, Readonly<Record<string, FieldResult>>>();
  const durations: number[] = [];
  const usages: ModelUsage[] = [];
  const bar = cli.bar(meetings.length, 'classifying');
  try {
    for (const [index, { id, transcript }] of meetings.entries()) {
      if (index % rowsATurn === 0) {
        bar.update(index);
        await nextTurn(undefined, { signal: cli.signal });
      }
      const startMs = performance.now();
      const { fields, usage } = await classifier.classify({ transcript, sellerPrompt: null, signal: cli.signal });
      durations.push(performance.now() - startMs);
      if (usage !== undefined) usages.push(usage);
      answers.set(id, fields);
    }
    bar.update(meetings.length);
  } finally {
    bar.stop();
  }
  return { answers, latency: describeDurations(durations), cost: sumUsages(usages) };
}

/** A misspelt field would be passed over in silence. */
function tellUnknownFields(cli: Cli, { fields, fileName }: Taxonomy, meetings: readonly LabelledMeeting[]): void {
  const labelled = new Set(meetings.flatMap(({ labels }) => Object.keys(labels ?? {})));
  const unknown = [...labelled].filter((id) => fields.every((field) => field.id !== id));
  if (unknown.length > 0)
    cli.note(`vambe: labels of fields that ${fileName} does not have are not scored: ${unknown.join(', ')}.`);
}

/** A misspelt value would count as an answer that nobody gives. */
function tellUnknownValues(cli: Cli, { fields, fileName }: Taxonomy, meetings: readonly LabelledMeeting[]): void {
  const unknown = new Set<string>();
  for (const { id, type, values } of fields) {
    if (values.length === 0) continue;
    const keyOf = (value: unknown) => answerKey(type === 'list' ? [value] : value);
    const known = new Set(values.map((value) => keyOf(value.id)));
    for (const { labels } of meetings)
      for (const label of [labels?.[id] ?? []].flat())
        if (!known.has(keyOf(label))) unknown.add(`${id} ${JSON.stringify(label)}`);
  }
  if (unknown.size === 0) return;
  const shown = [...unknown].slice(0, mostValuesShown).join(', ');
  const more = unknown.size > mostValuesShown ? ` and ${unknown.size - mostValuesShown} more` : '';
  cli.note(`vambe: labels that ${fileName} has no value for count as wrong: ${shown}${more}.`);
}
