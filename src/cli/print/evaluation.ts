/** Scores of labelled meetings, as text for people: what fits 80 columns on a terminal, every figure elsewhere. */
import type { Interval } from '../../services/evaluation/bootstrap.ts';
import type { Comparison } from '../../services/evaluation/comparison.ts';
import type { UnknownLabels } from '../../services/evaluation/evaluate.ts';
import { describeCost, percent } from '../../services/evaluation/html-page.ts';
import { comparisonRows, points } from '../../services/evaluation/html-report.ts';
import {
  disagreementHead,
  disagreementRows,
  type EvaluationReport,
  nothingScored,
} from '../../services/evaluation/report.ts';
import type { Evaluation, FieldScore } from '../../services/evaluation/score.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';
import { inQuotes } from './changes.ts';

const maxConfusions = 10;
const maxValuesShown = 5;

/** A line for each kind of label that no answer can match. */
export function describeUnknownLabels({ fields, values }: UnknownLabels, taxonomyFile: string): readonly string[] {
  const shown = values.slice(0, maxValuesShown).join(', ');
  const more = values.length > maxValuesShown ? ` and ${values.length - maxValuesShown} more` : '';
  return [
    ...(fields.length > 0
      ? [`labels of fields that ${taxonomyFile} does not have are not scored: ${fields.join(', ')}.`]
      : []),
    ...(values.length > 0 ? [`labels that ${taxonomyFile} has no value for count as wrong: ${shown}${more}.`] : []),
  ];
}

export function describeEvaluation(cli: Cli, report: EvaluationReport, { isVerbose }: { isVerbose: boolean }): string {
  const { file, model, taxonomyVersion, evaluation } = report;
  const { rows, scored, fields } = evaluation;
  const head = cli.prose(
    `${cli.style('bold', file)}: ${counted(rows, 'meeting')}, ${scored} with labels, by ${model} under ${taxonomyVersion}`,
  );
  const took = cli.prose(describeTimes(report));
  if (fields.length === 0) return `${head}\n${cli.prose(nothingScored)}\n${took}`;
  const parts = [
    head,
    cli.isTerminal ? describeFieldsShort(cli, evaluation) : describeFields(cli, evaluation),
    cli.prose(
      'Accuracy counts acceptable answers as right, strict only the label; the interval holds 95 % of resamples. Commonest: what always giving the commonest label would score.',
    ),
    describeConfusion(cli, fields),
    isVerbose ? describeDisagreements(cli, report) : '',
    cli.prose(describeCalibration(report)),
    took,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function describeTimes({ latency, cost }: EvaluationReport): string {
  const { meanMs, p50Ms, p95Ms, maxMs } = latency;
  const times = `A meeting took ${meanMs.toFixed(2)} ms on average (median ${p50Ms.toFixed(2)}, p95 ${p95Ms.toFixed(2)}, longest ${maxMs.toFixed(2)}).`;
  return cost === null ? times : `${times} ${describeCost(cost)}`;
}

function describeFieldsShort(cli: Cli, { fields, mean, scored }: Evaluation): string {
  const rowOf = (name: string, rows: number, score: Evaluation['mean'] | FieldScore, wrong: number | null) => [
    name,
    rows,
    percent(score.lenient),
    interval(score.interval),
    percent(score.baselineLenient),
    `${score.nullsKept}/${score.goldNulls}`,
    wrong,
  ];
  const rows = fields.map((score) => rowOf(score.field, score.rows, score, score.disagreements.length));
  const total = rowOf(`mean of ${mean.fields.length}`, scored, mean, null);
  const head = ['field', 'rows', 'accuracy', 'interval', 'commonest', 'nulls kept', 'wrong'];
  return cli.table(head, mean.fields.length === 0 ? rows : [...rows, total]);
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
  const commonest = all.sort((a, b) => b.count - a.count).slice(0, maxConfusions);
  const text = cli.isTerminal
    ? commonest
        .map((each) => cli.prose(`  ${each.count} × ${each.field}: label ${each.gold}, answered ${each.predicted}`))
        .join('\n')
    : cli.table(
        ['label', 'answered', 'field', 'times'],
        commonest.map(({ field, gold, predicted, count }) => [gold, predicted, field, count]),
      );
  const rest = all.length - commonest.length;
  return `Commonest confusions:\n${text}${rest > 0 ? `\n… and ${rest} more: --json lists all` : ''}`;
}

function describeDisagreements(cli: Cli, report: EvaluationReport): string {
  const rows = disagreementRows(report);
  if (rows.length === 0) return '';
  if (!cli.isTerminal) return `Disagreements:\n${cli.table(disagreementHead, rows)}`;
  const lines = rows.flatMap(([id, field, gold, predicted, quotes = '-']) => [
    cli.prose(`  ${id}, ${field}: label ${gold}, answered ${predicted}`),
    ...(quotes === '-' ? [] : [cli.style('dim', cli.prose(`    ${inQuotes(quotes)}`))]),
  ]);
  return ['Disagreements:', ...lines].join('\n');
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
  const title = cli.prose(
    `${cli.style('bold', first.file)}: ${describeSubject(first, cli.isTerminal ? 'A, ' : '')} against ${describeSubject(second, cli.isTerminal ? 'B, ' : '')}`,
  );
  if (fields.length === 0) return `${title}\n${cli.prose(nothingScored)}`;
  const named = [
    first.name,
    second.name,
    `only ${first.name} right`,
    `only ${second.name} right`,
    'p (McNemar)',
  ] as const;
  const short = ['A', 'B', 'only A right', 'only B right', 'p'] as const;
  const range =
    mean.interval === null
      ? ''
      : `, 95 % of resamples between ${points(mean.interval.low)} and ${points(mean.interval.high)}`;
  return [
    title,
    cli.table(['field', 'rows', ...(cli.isTerminal ? short : named)], comparisonRows(fields)),
    cli.prose(
      `Mean accuracy of a meeting's single-valued labels: ${percent(mean.first)} against ${percent(mean.second)}, ${points(mean.second - mean.first)} points${range}.`,
    ),
  ].join('\n\n');
}

function describeSubject({ name, model, taxonomyVersion }: EvaluationReport, letter: string): string {
  return `${letter}${name} (${model}, ${taxonomyVersion})`;
}

function interval(range: Interval | null): string | null {
  return range === null ? null : `${(range.low * 100).toFixed(0)}–${(range.high * 100).toFixed(0)}`;
}
