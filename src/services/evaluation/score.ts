/** Scores predictions against labelled meetings, field by field, beside what always giving the commonest value would score. */
import type { FieldType, TaxonomyField } from '../../models/taxonomy.ts';
import { type BootstrapOptions, bootstrap, type Interval } from './bootstrap.ts';
import { answerKey, describeAnswer } from './compare.ts';
import type { LabelledMeeting } from './labelled-meetings.ts';

/** Answers of one meeting by field id. */
export type Prediction = Readonly<Record<string, unknown>>;

export interface Confusion {
  readonly gold: string;
  readonly predicted: string;
  readonly count: number;
}

export interface Disagreement {
  readonly id: string;
  readonly gold: unknown;
  readonly predicted: unknown;
}

/** Shares run from 0 to 1. Lenient counts every acceptable answer as right, strict only the label. */
export interface FieldScore {
  readonly field: string;
  readonly type: FieldType;
  readonly rows: number;
  readonly strict: number;
  readonly lenient: number;
  /** Interval of `lenient`. */
  readonly interval: Interval | null;
  /** The commonest label, and the score of always answering it. */
  readonly baselineAnswer: string;
  readonly baselineStrict: number;
  readonly baselineLenient: number;
  /** Mean of the F1 of each answer, null among them; null for quantities and phrases, whose answers are open. */
  readonly macroF1: number | null;
  /** Predictions that are null. */
  readonly abstained: number;
  readonly goldNulls: number;
  /** Gold nulls that the prediction leaves null. */
  readonly nullsKept: number;
  /** Answers that differ from the label, by how often. */
  readonly confusion: readonly Confusion[];
  /** Rows that are wrong also by the lenient count. */
  readonly disagreements: readonly Disagreement[];
}

export interface Evaluation {
  readonly rows: number;
  /** Rows with labels. */
  readonly scored: number;
  readonly fields: readonly FieldScore[];
  /** Over the single-valued fields (enum, boolean) that the labels hold. */
  readonly mean: {
    readonly fields: readonly string[];
    readonly strict: number;
    readonly lenient: number;
    readonly interval: Interval | null;
    readonly baselineStrict: number;
    readonly baselineLenient: number;
    readonly goldNulls: number;
    readonly nullsKept: number;
  };
}

const defaultBootstrap: BootstrapOptions = { seed: 1, resamples: 1000, level: 0.95 };

/** Scores every field that some label holds. A labelled row without a prediction counts as null everywhere. */
export function scoreMeetings(
  fields: readonly TaxonomyField[],
  meetings: readonly LabelledMeeting[],
  predictions: ReadonlyMap<string, Prediction>,
  options: BootstrapOptions = defaultBootstrap,
): Evaluation {
  const labelled = meetings.filter((meeting) => meeting.labels !== null);
  const judged = fields
    .map((field) => ({ field, marks: labelled.flatMap((meeting, row) => judge(field, meeting, row, predictions)) }))
    .filter(({ marks }) => marks.length > 0);
  const single = judged.filter(({ field }) => field.type === 'enum' || field.type === 'boolean');
  const scores = judged.map(({ field, marks }) => scoreField(field, marks, options));
  const singleScores = scores.filter((score) => single.some(({ field }) => field.id === score.field));
  return {
    rows: meetings.length,
    scored: labelled.length,
    fields: scores,
    mean: {
      fields: singleScores.map((score) => score.field),
      strict: meanOf(singleScores.map((score) => score.strict)),
      lenient: meanOf(singleScores.map((score) => score.lenient)),
      interval: meanInterval(
        single.map(({ marks }) => marks),
        labelled.length,
        options,
      ),
      baselineStrict: meanOf(singleScores.map((score) => score.baselineStrict)),
      baselineLenient: meanOf(singleScores.map((score) => score.baselineLenient)),
      goldNulls: sum(singleScores.map((score) => score.goldNulls)),
      nullsKept: sum(singleScores.map((score) => score.nullsKept)),
    },
  };
}

interface Mark {
  readonly row: number;
  readonly id: string;
  readonly gold: unknown;
  readonly predicted: unknown;
  readonly goldKey: string;
  readonly predictedKey: string;
  /** Keys of every right answer. */
  readonly right: ReadonlySet<string>;
}

function judge(
  field: TaxonomyField,
  meeting: LabelledMeeting,
  row: number,
  predictions: ReadonlyMap<string, Prediction>,
): Mark[] {
  if (meeting.labels === null || !Object.hasOwn(meeting.labels, field.id)) return [];
  const gold = meeting.labels[field.id];
  const predicted = predictions.get(meeting.id)?.[field.id] ?? null;
  const goldKey = answerKey(gold);
  const right = new Set([goldKey, ...(meeting.acceptable[field.id] ?? []).map(answerKey)]);
  return [{ row, id: meeting.id, gold, predicted, goldKey, predictedKey: answerKey(predicted), right }];
}

function scoreField(field: TaxonomyField, marks: readonly Mark[], options: BootstrapOptions): FieldScore {
  const hits = marks.map((mark) => (mark.right.has(mark.predictedKey) ? 1 : 0));
  const commonest = commonestKey(marks.map((mark) => mark.goldKey));
  const nulls = marks.filter((mark) => mark.goldKey === 'null');
  const isOpen = field.type === 'quantity' || field.type === 'phrases';
  return {
    field: field.id,
    type: field.type,
    rows: marks.length,
    strict: meanOf(marks.map((mark) => (mark.goldKey === mark.predictedKey ? 1 : 0))),
    lenient: meanOf(hits),
    interval: bootstrap(marks.length, (rows) => meanOf(rows.map((row) => hits[row] ?? 0)), options),
    baselineAnswer: describeAnswer(marks.find((mark) => mark.goldKey === commonest)?.gold),
    baselineStrict: meanOf(marks.map((mark) => (mark.goldKey === commonest ? 1 : 0))),
    baselineLenient: meanOf(marks.map((mark) => (mark.right.has(commonest) ? 1 : 0))),
    macroF1: isOpen ? null : macroF1(field.type, marks),
    abstained: marks.filter((mark) => mark.predictedKey === 'null').length,
    goldNulls: nulls.length,
    nullsKept: nulls.filter((mark) => mark.predictedKey === 'null').length,
    confusion: countConfusion(marks),
    disagreements: marks
      .filter((mark) => !mark.right.has(mark.predictedKey))
      .map(({ id, gold, predicted }) => ({ id, gold, predicted })),
  };
}

function commonestKey(keys: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? 'null';
}

/** For lists each item is an answer of its own, and so is the empty list. */
function macroF1(type: FieldType, marks: readonly Mark[]): number {
  const answers = marks.map((mark) => ({
    gold: answersOf(type, mark.gold),
    predicted: answersOf(type, mark.predicted),
  }));
  const all = new Set(answers.flatMap(({ gold, predicted }) => [...gold, ...predicted]));
  const scores = [...all].map((answer) => {
    const both = answers.filter(({ gold, predicted }) => gold.has(answer) && predicted.has(answer)).length;
    const either =
      answers.filter(({ gold }) => gold.has(answer)).length +
      answers.filter(({ predicted }) => predicted.has(answer)).length;
    return (2 * both) / either;
  });
  return meanOf(scores);
}

function answersOf(type: FieldType, value: unknown): ReadonlySet<string> {
  if (type !== 'list' || !Array.isArray(value) || value.length === 0) return new Set([answerKey(value)]);
  return new Set(value.map(answerKey));
}

function countConfusion(marks: readonly Mark[]): Confusion[] {
  const counts = new Map<string, Confusion>();
  for (const mark of marks) {
    if (mark.goldKey === mark.predictedKey) continue;
    const key = `${mark.goldKey}\n${mark.predictedKey}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { gold: describeAnswer(mark.gold), predicted: describeAnswer(mark.predicted), count });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.gold < b.gold ? -1 : 1));
}

/** Samples whole rows, not single answers, because the fields of one meeting are not independent. */
function meanInterval(
  fields: readonly (readonly Mark[])[],
  rowCount: number,
  options: BootstrapOptions,
): Interval | null {
  const hits = fields.map(
    (marks) => new Map(marks.map((mark) => [mark.row, mark.right.has(mark.predictedKey) ? 1 : 0])),
  );
  const statistic = (rows: readonly number[]): number =>
    meanOf(hits.map((field) => meanOf(rows.flatMap((row) => field.get(row) ?? []))));
  return fields.length === 0 ? null : bootstrap(rowCount, statistic, options);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
