/** Two classifiers on the same labelled meetings, field by field and over all. */
import type { TaxonomyField } from '../../models/taxonomy.ts';
import type { BootstrapOptions, Interval } from './bootstrap.ts';
import { answerKey } from './compare.ts';
import type { LabelledMeeting } from './labelled-meetings.ts';
import { countDiscordance, differenceInterval, mcnemar } from './paired-test.ts';
import type { Prediction } from './score.ts';

export interface FieldComparison {
  readonly field: string;
  readonly rows: number;
  /** Accuracies, acceptable answers counted as right. */
  readonly first: number;
  readonly second: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** McNemar's exact test, two-sided. */
  readonly pValue: number;
}

export interface Comparison {
  readonly fields: readonly FieldComparison[];
  /** Over meetings: the mean of what each meeting's single-valued labels score. */
  readonly mean: {
    readonly first: number;
    readonly second: number;
    /** Of second minus first, by resampling meetings. */
    readonly interval: Interval | null;
  };
}

const defaultOptions: BootstrapOptions = { seed: 1, resamples: 1000, level: 0.95 };

/** Compares the fields that both taxonomies have and some label holds. A missing prediction counts as null. */
export function compareClassifiers(
  fields: readonly Pick<TaxonomyField, 'id' | 'type'>[],
  meetings: readonly LabelledMeeting[],
  predictions: readonly [ReadonlyMap<string, Prediction>, ReadonlyMap<string, Prediction>],
  options: BootstrapOptions = defaultOptions,
): Comparison {
  const [first, second] = predictions;
  const compared = fields.flatMap(({ id }) => {
    const rows = meetings.filter(({ labels }) => labels !== null && Object.hasOwn(labels, id));
    return rows.length === 0 ? [] : [compareField(id, rows, first, second)];
  });
  const single = fields.filter(({ type }) => type === 'enum' || type === 'boolean').map(({ id }) => id);
  const shares = meetings.flatMap((meeting) => {
    const labelled = single.filter((id) => meeting.labels !== null && Object.hasOwn(meeting.labels, id));
    if (labelled.length === 0) return [];
    const share = (of: ReadonlyMap<string, Prediction>) =>
      labelled.filter((id) => isRight(meeting, id, of)).length / labelled.length;
    return [{ first: share(first), second: share(second) }];
  });
  const [ofFirst, ofSecond] = [shares.map((each) => each.first), shares.map((each) => each.second)];
  return {
    fields: compared,
    mean: {
      first: meanOf(ofFirst),
      second: meanOf(ofSecond),
      interval: differenceInterval(ofFirst, ofSecond, options),
    },
  };
}

function compareField(
  field: string,
  rows: readonly LabelledMeeting[],
  first: ReadonlyMap<string, Prediction>,
  second: ReadonlyMap<string, Prediction>,
): FieldComparison {
  const [a, b] = [first, second].map((of) => rows.map((meeting) => isRight(meeting, field, of)));
  const [ofFirst, ofSecond] = [a ?? [], b ?? []];
  const discordance = countDiscordance(ofFirst, ofSecond);
  const share = (hits: readonly boolean[]) => hits.filter((hit) => hit).length / hits.length;
  return {
    field,
    rows: rows.length,
    first: share(ofFirst),
    second: share(ofSecond),
    ...discordance,
    pValue: mcnemar(discordance),
  };
}

function isRight(meeting: LabelledMeeting, field: string, of: ReadonlyMap<string, Prediction>): boolean {
  const right = [meeting.labels?.[field], ...(meeting.acceptable[field] ?? [])].map(answerKey);
  return right.includes(answerKey(of.get(meeting.id)?.[field] ?? null));
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
