/** Scores of labelled meetings: as a document for programs, as tables for people. */
import type { Interval } from '../services/evaluation/bootstrap.ts';
import { describeAnswer } from '../services/evaluation/compare.ts';
import type { Evaluation, FieldScore, Prediction } from '../services/evaluation/score.ts';
import type { Cli } from './cli.ts';

export interface Latency {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

export interface EvaluationReport {
  readonly file: string;
  readonly classifier: string;
  readonly model: string;
  readonly taxonomyVersion: string;
  readonly evaluation: Evaluation;
  readonly latency: Latency;
}

const mostConfusions = 10;

/** Shares run from 0 to 1; intervals hold 95 % of resamples. */
export function toDocument(report: EvaluationReport, predictions: ReadonlyMap<string, Prediction>) {
  const { evaluation, latency } = report;
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
      disagreements: score.disagreements,
    })),
    latency: {
      mean_ms: round(latency.meanMs),
      p50_ms: round(latency.p50Ms),
      p95_ms: round(latency.p95Ms),
      max_ms: round(latency.maxMs),
    },
    predictions: [...predictions].map(([id, labels]) => ({ id, labels })),
  };
}

function round(ms: number): number {
  return Number(ms.toFixed(3));
}

export function describeEvaluation(
  cli: Cli,
  { file, model, taxonomyVersion, evaluation, latency }: EvaluationReport,
  { isVerbose }: { isVerbose: boolean },
): string {
  const { rows, scored, fields } = evaluation;
  const head = `${cli.style('bold', file)}: ${rows} meetings, ${scored} with labels, by ${model} under ${taxonomyVersion}`;
  const speed = `A meeting took ${latency.meanMs.toFixed(2)} ms on average (median ${latency.p50Ms.toFixed(2)}, p95 ${latency.p95Ms.toFixed(2)}, longest ${latency.maxMs.toFixed(2)}).`;
  if (scored === 0) return `${head}\nNo row has labels, so nothing was scored.\n${speed}`;
  const parts = [
    head,
    describeFields(cli, evaluation),
    `Accuracy counts acceptable answers as right, strict the label alone; the interval holds 95 % of resamples. Commonest: what always giving the commonest label would score.`,
    describeConfusion(cli, fields),
    isVerbose ? describeDisagreements(cli, fields) : '',
    speed,
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
    percent(mean.baselineLenient),
    null,
    `${mean.nullsKept}/${mean.goldNulls}`,
    null,
  ];
  const head = ['field', 'rows', 'accuracy', 'interval', 'strict', 'commonest', 'which is', 'nulls kept', 'wrong'];
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

function describeDisagreements(cli: Cli, fields: readonly FieldScore[]): string {
  const rows = fields.flatMap(({ field, disagreements }) =>
    disagreements.map(({ id, gold, predicted }) => [id, field, describeAnswer(gold), describeAnswer(predicted)]),
  );
  return rows.length === 0 ? '' : `Disagreements:\n${cli.table(['id', 'field', 'label', 'answered'], rows)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function interval(range: Interval | null): string | null {
  return range === null ? null : `${(range.low * 100).toFixed(0)}–${(range.high * 100).toFixed(0)}`;
}
