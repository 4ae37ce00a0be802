/** Scores of labelled meetings: as a document for programs, as tables for people. */
import type { Interval } from '../services/evaluation/bootstrap.ts';
import type { Comparison } from '../services/evaluation/comparison.ts';
import { describeCost, percent } from '../services/evaluation/html-page.ts';
import { comparisonRows, points } from '../services/evaluation/html-report.ts';
import {
  disagreementHead,
  disagreementRows,
  type EvaluationReport,
  nothingScored,
  quotesOf,
  valuesOf,
} from '../services/evaluation/report.ts';
import type { Evaluation, FieldScore } from '../services/evaluation/score.ts';
import { costDocument } from './describe-changes.ts';
import type { Cli } from './kit/cli.ts';
import { counted } from './kit/counted.ts';

const mostConfusions = 10;

/** Shares run from 0 to 1; intervals hold 95 % of resamples. */
export function toDocument(report: EvaluationReport) {
  const { evaluation, latency, cost, calibration } = report;
  const { mean } = evaluation;
  return {
    success: true,
    file: report.file,
    classifier: report.classifier,
    model: report.model,
    taxonomy_version: report.taxonomyVersion,
    rows: evaluation.rows,
    scored: evaluation.scored,
    mean: {
      fields: mean.fields,
      strict: mean.strict,
      lenient: mean.lenient,
      interval: mean.interval,
      baseline_strict: mean.baselineStrict,
      baseline_lenient: mean.baselineLenient,
      gold_nulls: mean.goldNulls,
      nulls_kept: mean.nullsKept,
    },
    fields: evaluation.fields.map((score) => ({
      field: score.field,
      type: score.type,
      rows: score.rows,
      strict: score.strict,
      lenient: score.lenient,
      interval: score.interval,
      baseline_answer: score.baselineAnswer,
      baseline_strict: score.baselineStrict,
      baseline_lenient: score.baselineLenient,
      macro_f1: score.macroF1,
      abstained: score.abstained,
      gold_nulls: score.goldNulls,
      nulls_kept: score.nullsKept,
      confusion: score.confusion,
      disagreements: score.disagreements.map((each) => ({ ...each, quotes: quotesOf(report, each.id, score.field) })),
    })),
    latency: {
      mean_ms: round(latency.meanMs),
      p50_ms: round(latency.p50Ms),
      p95_ms: round(latency.p95Ms),
      max_ms: round(latency.maxMs),
    },
    calibration: {
      answers: calibration.answers,
      ece: calibration.ece,
      bins: calibration.bins.map(({ meanConfidence, ...bin }) => ({ ...bin, mean_confidence: meanConfidence })),
    },
    cost: costDocument(cost),
    predictions: [...valuesOf(report)].map(([id, labels]) => ({ id, labels })),
  };
}

function round(ms: number): number {
  return Number(ms.toFixed(3));
}

export function describeEvaluation(cli: Cli, report: EvaluationReport, { isVerbose }: { isVerbose: boolean }): string {
  const { file, model, taxonomyVersion, evaluation, latency } = report;
  const { rows, scored, fields } = evaluation;
  const head = `${cli.style('bold', file)}: ${counted(rows, 'meeting')}, ${scored} with labels, by ${model} under ${taxonomyVersion}`;
  const took = `A meeting took ${latency.meanMs.toFixed(2)} ms on average (median ${latency.p50Ms.toFixed(2)}, p95 ${latency.p95Ms.toFixed(2)}, longest ${latency.maxMs.toFixed(2)}).${report.cost === null ? '' : ` ${describeCost(report.cost)}`}`;
  if (fields.length === 0) return `${head}\n${nothingScored}\n${took}`;
  const parts = [
    head,
    describeFields(cli, evaluation),
    `Accuracy counts acceptable answers as right, strict the label alone; the interval holds 95 % of resamples. Commonest: what always giving the commonest label would score.`,
    describeConfusion(cli, fields),
    isVerbose ? describeDisagreements(cli, report) : '',
    describeCalibration(report),
    took,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function describeFields(cli: Cli, { fields, mean, scored }: Evaluation): string {
  const rows = fields.map((score) => [
    score.field,
    score.rows,
    percent(score.lenient),
    interval(score.interval),
    percent(score.strict),
    score.macroF1?.toFixed(2) ?? null,
    percent(score.rows === 0 ? 0 : score.abstained / score.rows),
    percent(score.baselineLenient),
    score.baselineAnswer,
    `${score.nullsKept}/${score.goldNulls}`,
    score.disagreements.length,
  ]);
  const total = [
    `mean of ${mean.fields.length}`,
    scored,
    percent(mean.lenient),
    interval(mean.interval),
    percent(mean.strict),
    null,
    null,
    percent(mean.baselineLenient),
    null,
    `${mean.nullsKept}/${mean.goldNulls}`,
    null,
  ];
  const head = [
    'field',
    'rows',
    'accuracy',
    'interval',
    'strict',
    'macro-F1',
    'abstained',
    'commonest',
    'which is',
    'nulls kept',
    'wrong',
  ];
  return cli.table(head, mean.fields.length === 0 ? rows : [...rows, total]);
}

function describeConfusion(cli: Cli, fields: readonly FieldScore[]): string {
  const all = fields.flatMap(({ field, confusion }) => confusion.map((each) => ({ field, ...each })));
  if (all.length === 0) return 'No answer differs from its label.';
  const commonest = all.sort((a, b) => b.count - a.count).slice(0, mostConfusions);
  const table = cli.table(
    ['label', 'answered', 'field', 'times'],
    commonest.map(({ field, gold, predicted, count }) => [gold, predicted, field, count]),
  );
  const rest = all.length - commonest.length;
  return `Commonest confusions:\n${table}${rest > 0 ? `\n… and ${rest} more: --json lists all` : ''}`;
}

function describeDisagreements(cli: Cli, report: EvaluationReport): string {
  const rows = disagreementRows(report);
  return rows.length === 0 ? '' : `Disagreements:\n${cli.table(disagreementHead, rows)}`;
}

function describeCalibration({ calibration: { answers, ece } }: EvaluationReport): string {
  if (answers === 0) return '';
  return `Confidence and the share that is right lie ${(ece * 100).toFixed(1)} points apart on average (ECE, ${answers} answers that are not null).`;
}

/** Two classifiers beside each other; p is McNemar's exact test on the rows where just one is right. */
export function describeComparison(
  cli: Cli,
  [first, second]: readonly [EvaluationReport, EvaluationReport],
  { fields, mean }: Comparison,
): string {
  const rows = comparisonRows(fields);
  const head = [
    'field',
    'rows',
    first.name,
    second.name,
    `only ${first.name} right`,
    `only ${second.name} right`,
    'p (McNemar)',
  ];
  const title = `${cli.style('bold', first.file)}: ${first.name} (${first.model}, ${first.taxonomyVersion}) against ${second.name} (${second.model}, ${second.taxonomyVersion})`;
  if (fields.length === 0) return `${title}\n${nothingScored}`;
  const range =
    mean.interval === null
      ? ''
      : `, 95 % of resamples between ${points(mean.interval.low)} and ${points(mean.interval.high)}`;
  return [
    title,
    cli.table(head, rows),
    `Mean accuracy of a meeting's single-valued labels: ${percent(mean.first)} against ${percent(mean.second)}, ${points(mean.second - mean.first)} points${range}.`,
  ].join('\n\n');
}

export function comparisonDocument(
  [first, second]: readonly [EvaluationReport, EvaluationReport],
  { fields, mean }: Comparison,
) {
  return {
    success: true,
    file: first.file,
    compared: [first, second].map((report) => ({ name: report.name, ...toDocument(report) })),
    comparison: {
      fields: fields.map(({ onlyFirst, onlySecond, pValue, ...rest }) => ({
        ...rest,
        only_first: onlyFirst,
        only_second: onlySecond,
        p_value: pValue,
      })),
      mean,
    },
  };
}

function interval(range: Interval | null): string | null {
  return range === null ? null : `${(range.low * 100).toFixed(0)}–${(range.high * 100).toFixed(0)}`;
}
