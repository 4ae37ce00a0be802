/** Rules for every answer, from the offline rules or from a model: `follows`, `unless`, confidence of the whole, need for review. */
import type { FileField, TaxonomyFile } from '../../models/taxonomy-file.ts';
import type { Classification, FieldResult } from './classifier.ts';

/** null: the text does not say. */
export const emptyResult: FieldResult = { value: null, confidence: 0, evidence: [] };

/** Fields with an answer for full confidence; a taxonomy with fewer fields needs all of them. */
const fieldsForFullConfidence = 4;

export interface AnswerRules {
  /** Makes `follows` and `unless` of the taxonomy hold; `results` are by field index and are changed in place. */
  apply(results: FieldResult[]): void;
  /** `unproven`: claims without evidence; each one lowers the confidence. */
  judge(
    results: readonly FieldResult[],
    scope: { readonly truncated: boolean; readonly unproven: number },
  ): Pick<Classification, 'confidence' | 'truncated' | 'needsReview'>;
}

export function createAnswerRules({ fields, review_below }: TaxonomyFile): AnswerRules {
  const listRules = findListRules(fields);
  return {
    apply(results) {
      for (const { field, index, followers, hasExclusions } of listRules) {
        let result = results[index] ?? emptyResult;
        for (const { id, source } of followers) {
          const leader = results[source] ?? emptyResult;
          result = leader.value === null ? withoutValue(result, id) : withValue(field, result, id, leader);
        }
        results[index] = hasExclusions ? withoutExcluded(field, result) : result;
      }
    },
    judge(results, { truncated, unproven }) {
      const confidence = confidenceOfWhole(results, unproven);
      return { confidence, truncated, needsReview: truncated || confidence < review_below };
    },
  };
}

/** `unless`: other values of the list exclude this one. */
export function isExcluded(value: FileField['values'][number] | undefined, held: ReadonlySet<string>): boolean {
  return value?.unless.some((other) => held.has(other)) === true;
}

/** Confidences have two decimals. */
export function roundConfidence(value: number): number {
  return Math.round(value * 100) / 100;
}

interface ListRules {
  readonly field: FileField;
  readonly index: number;
  /** Values present exactly when a phrases field, `source`, has an answer. */
  readonly followers: readonly { readonly id: string; readonly source: number }[];
  readonly hasExclusions: boolean;
}

function findListRules(fields: readonly FileField[]): ListRules[] {
  return fields.flatMap((field, index) => {
    if (field.type !== 'list') return [];
    const followers = field.values.flatMap(({ id, follows }) =>
      follows === undefined ? [] : [{ id, source: fields.findIndex((each) => each.id === follows) }],
    );
    const hasExclusions = field.values.some(({ unless }) => unless.length > 0);
    return followers.length > 0 || hasExclusions ? [{ field, index, followers, hasExclusions }] : [];
  });
}

function listOf({ value }: FieldResult): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function withoutValue(result: FieldResult, id: string): FieldResult {
  const held = listOf(result);
  return held.includes(id)
    ? withValues(
        result,
        held.filter((each) => each !== id),
      )
    : result;
}

function withoutExcluded(field: FileField, result: FieldResult): FieldResult {
  const held = listOf(result);
  if (held.length < 2) return result;
  const ids = new Set(held);
  const kept = held.filter(
    (id) =>
      !isExcluded(
        field.values.find((value) => value.id === id),
        ids,
      ),
  );
  return kept.length < held.length ? withValues(result, kept) : result;
}

function withValue(field: FileField, result: FieldResult, id: string, source: FieldResult): FieldResult {
  const held = listOf(result);
  if (held.includes(id)) return result;
  const value = field.values.map((each) => each.id).filter((each) => each === id || held.includes(each));
  const confidence = result.value === null ? source.confidence : Math.min(result.confidence, source.confidence);
  return { value, confidence, evidence: [...result.evidence, ...source.evidence.slice(0, 1)] };
}

function withValues(result: FieldResult, ids: readonly string[]): FieldResult {
  return ids.length === 0 ? emptyResult : { ...result, value: ids };
}

/** The mean over the answers with evidence, reduced when there are few of them, and by the share of claims without evidence. */
function confidenceOfWhole(results: readonly FieldResult[], unproven: number): number {
  const found = results.filter(({ value, evidence }) => value !== null && evidence.length > 0);
  if (found.length === 0) return 0;
  const mean = found.reduce((sum, { confidence }) => sum + confidence, 0) / found.length;
  const expected = Math.max(1, Math.min(fieldsForFullConfidence, results.length));
  const coverage = Math.min(1, found.length / expected);
  return roundConfidence(mean * (0.5 + 0.5 * coverage) * (found.length / (found.length + unproven)));
}
