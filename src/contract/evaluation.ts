/** What `vambe eval --json` says; shares run from 0 to 1, intervals hold 95 % of resamples. */
import * as z from 'zod';
import type { Comparison } from '../services/evaluation/comparison.ts';
import { type EvaluationReport, quotesOf, valuesOf } from '../services/evaluation/report.ts';
import type { FieldScore } from '../services/evaluation/score.ts';
import { cost, fieldValue, latency, share, toCost } from './labels.ts';
import { list } from './pieces.ts';

const interval = z.strictObject({ low: z.number(), high: z.number() }).nullable();

const fieldScore = z.strictObject({
  field: z.string(),
  type: z.enum(['enum', 'boolean', 'list', 'quantity', 'phrases']),
  rows: z.int(),
  strict: share,
  lenient: share,
  interval,
  baseline_answer: z.string(),
  baseline_strict: share,
  baseline_lenient: share,
  macro_f1: share.nullable(),
  abstained: z.int(),
  gold_nulls: z.int(),
  nulls_kept: z.int(),
  confusion: list(z.strictObject({ gold: z.string(), predicted: z.string(), count: z.int() })),
  disagreements: list(
    z.strictObject({ id: z.string(), gold: z.unknown(), predicted: z.unknown(), quotes: list(z.string()) }),
  ),
});

export const evaluationDocument = z.strictObject({
  success: z.literal(true),
  file: z.string(),
  classifier: z.string(),
  model: z.string(),
  taxonomy_version: z.string(),
  rows: z.int(),
  scored: z.int(),
  mean: z.strictObject({
    fields: list(z.string()),
    strict: share,
    lenient: share,
    interval,
    baseline_strict: share,
    baseline_lenient: share,
    gold_nulls: z.int(),
    nulls_kept: z.int(),
  }),
  fields: list(fieldScore),
  latency,
  calibration: z.strictObject({
    answers: z.int(),
    ece: share,
    bins: list(
      z.strictObject({
        from: share,
        to: share,
        answers: z.int(),
        accuracy: share,
        mean_confidence: share,
      }),
    ),
  }),
  cost,
  predictions: list(z.strictObject({ id: z.string(), labels: z.record(z.string(), fieldValue) })),
});

type EvaluationDocument = z.infer<typeof evaluationDocument>;

export function toEvaluationDocument(report: EvaluationReport): EvaluationDocument {
  const { evaluation, latency, calibration } = report;
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
    fields: evaluation.fields.map((score) => toFieldScore(report, score)),
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
    cost: toCost(report.cost),
    predictions: [...valuesOf(report)].map(([id, labels]) => ({ id, labels })),
  };
}

function toFieldScore(report: EvaluationReport, score: FieldScore): EvaluationDocument['fields'][number] {
  return {
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
  };
}

function round(ms: number): number {
  return Number(ms.toFixed(3));
}

/** Two classifiers on the same meetings. */
export const comparisonDocument = z.strictObject({
  success: z.literal(true),
  file: z.string(),
  compared: list(evaluationDocument.extend({ name: z.string() })),
  comparison: z.strictObject({
    fields: list(
      z.strictObject({
        field: z.string(),
        rows: z.int(),
        first: share,
        second: share,
        only_first: z.int(),
        only_second: z.int(),
        p_value: share,
      }),
    ),
    mean: z.strictObject({ first: share, second: share, interval }),
  }),
});

export function toComparisonDocument(
  [first, second]: readonly [EvaluationReport, EvaluationReport],
  { fields, mean }: Comparison,
): z.infer<typeof comparisonDocument> {
  return {
    success: true,
    file: first.file,
    compared: [first, second].map((report) => ({ name: report.name, ...toEvaluationDocument(report) })),
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
