/** Labels that differ between two answers, for programs and for people: what a dry run and a shadow share. */
import { AppError } from '../core/errors.ts';
import type { Classifier } from '../services/classification/classifier.ts';
import type { FieldChanges } from '../services/evaluation/label-changes.ts';
import type { EvaluationCost } from '../services/evaluation/report.ts';
import { describeValue } from '../services/reporting/meeting-labels.ts';
import type { Cli } from './kit/cli.ts';

/** @throws AppError USAGE where a model would be paid and nobody agreed to it */
export function refuseUnaskedCost(classifier: Classifier, { mayPay, what }: { mayPay: boolean; what: string }): void {
  if (!classifier.isPaid || mayPay) return;
  const words = `${what} asks ${classifier.model} once a meeting, and that is paid for. Add --yes, or set CLASSIFIER=offline.`;
  throw new AppError('USAGE', words);
}

/** Counts and examples by field. */
export function changesDocument<T extends FieldChanges>(fields: readonly T[]) {
  return fields.map(({ examples, ...counts }) => ({
    ...counts,
    examples: examples.map(({ meetingId, ...rest }) => ({ meeting_id: meetingId, ...rest })),
  }));
}

/** What the calls of a model cost; null where none was made, and each figure where it is not known of all of them. */
export function costDocument(cost: EvaluationCost | null) {
  if (cost === null) return null;
  return { cost_usd: cost.costUsd, input_tokens: cost.inputTokens, output_tokens: cost.outputTokens };
}

/** A row an example under these two heads; empty where there is none. */
export function describeExamples(
  cli: Cli,
  fields: readonly FieldChanges[],
  heads: { readonly before: string; readonly after: string },
): string {
  const rows = fields.flatMap(({ field, examples }) =>
    examples.map(({ meetingId, before, after, evidence }) => [
      meetingId,
      field,
      describeValue(before),
      describeValue(after),
      evidence[0]?.quote ?? null,
    ]),
  );
  if (rows.length === 0) return '';
  return `Examples:\n${cli.table(['meeting', 'field', heads.before, heads.after, 'quote'], rows)}`;
}
