/** All that one evaluation of one classifier gives. */
import type { FieldResult } from '../classification/classifier.ts';
import type { Calibration } from './calibration.ts';
import { describeAnswer } from './compare.ts';
import type { Evaluation } from './score.ts';

export interface Latency {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** Sums over all rows; null: not told, or no price is known. */
export interface EvaluationCost {
  readonly costUsd: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface EvaluationReport {
  readonly file: string;
  /** What it is called beside another one. */
  readonly name: string;
  readonly classifier: string;
  readonly model: string;
  readonly taxonomyVersion: string;
  readonly evaluation: Evaluation;
  readonly calibration: Calibration;
  readonly latency: Latency;
  /** null where no model was asked. */
  readonly cost: EvaluationCost | null;
  /** By row id and field id. */
  readonly answers: ReadonlyMap<string, Readonly<Record<string, FieldResult>>>;
}

/** Replaces the figures where there are none. */
export const nothingScored =
  'No row has a label of a field that the taxonomy has, so nothing was scored; --json gives the answers.';

/** The passages on which an answer rests; none where the row has no such answer. */
export function quotesOf({ answers }: Pick<EvaluationReport, 'answers'>, id: string, field: string): readonly string[] {
  return (answers.get(id)?.[field]?.evidence ?? []).map(({ quote }) => quote);
}

export const disagreementHead = ['id', 'field', 'label', 'answered', 'quote'];

/** A row an answer that differs from its label, under `disagreementHead`. */
export function disagreementRows(report: EvaluationReport): readonly string[][] {
  return report.evaluation.fields.flatMap(({ field, disagreements }) =>
    disagreements.map(({ id, gold, predicted }) => [
      id,
      field,
      describeAnswer(gold),
      describeAnswer(predicted),
      quotesOf(report, id, field).join(' · ') || '-',
    ]),
  );
}

/** Only the values, by row id and field id. */
export function valuesOf({ answers }: Pick<EvaluationReport, 'answers'>) {
  return new Map(
    [...answers].map(([id, fields]) => [
      id,
      Object.fromEntries(Object.entries(fields).map(([field, { value }]) => [field, value])),
    ]),
  );
}
