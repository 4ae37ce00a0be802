/** Pieces that the documents of meetings and evaluations share: values, quotes, changes, times and costs. */
import * as z from 'zod';
import { list } from './pieces.ts';

/** 0 to 1. */
export const share = z.number().min(0).max(1);
export const meetingId = z.int().positive();

const quantity = z.strictObject({ count: z.number(), period: z.string(), approx: z.boolean() });
/** null: the text does not say. */
export const fieldValue = z.union([z.string(), z.boolean(), list(z.string()), quantity]).nullable();

/** `transcript.slice(start, end)` is the quote. */
export const evidence = z.strictObject({ quote: z.string(), start: z.int(), end: z.int() });

export const cost = z
  .strictObject({
    cost_usd: z.number().nullable(),
    input_tokens: z.int().nullable(),
    output_tokens: z.int().nullable(),
  })
  .nullable();

export const latency = z.strictObject({
  mean_ms: z.number(),
  p50_ms: z.number(),
  p95_ms: z.number(),
  max_ms: z.number(),
});

/** One field of many meetings, before and after. */
export const fieldChanges = z.strictObject({
  field: z.string(),
  unchanged: z.int(),
  filled: z.int(),
  emptied: z.int(),
  replaced: z.int(),
  kept: z.int(),
  examples: list(
    z.strictObject({ meeting_id: meetingId, before: fieldValue, after: fieldValue, evidence: list(evidence) }),
  ),
});

type FieldChangesDocument = z.infer<typeof fieldChanges>;

interface Changes extends Omit<FieldChangesDocument, 'examples'> {
  readonly examples: readonly (Omit<FieldChangesDocument['examples'][number], 'meeting_id'> & {
    readonly meetingId: number;
  })[];
}

/** Counts and examples by field. */
export function toFieldChanges<T extends Changes>(fields: readonly T[]) {
  return fields.map(({ examples, ...counts }) => ({
    ...counts,
    examples: examples.map(({ meetingId, ...rest }) => ({ meeting_id: meetingId, ...rest })),
  }));
}

/** What the calls of a model cost; null where none was made, and each figure where it is not known of all of them. */
export function toCost(
  given: { costUsd: number | null; inputTokens: number | null; outputTokens: number | null } | null,
): z.infer<typeof cost> {
  if (given === null) return null;
  return { cost_usd: given.costUsd, input_tokens: given.inputTokens, output_tokens: given.outputTokens };
}
