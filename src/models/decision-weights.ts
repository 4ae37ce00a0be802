/** Fitted weights of a taxonomy's decisions: the generated file beside the taxonomy, `<name>.weights.json`. */
import * as z from 'zod';
import { AppError } from '../core/errors.ts';

const share = z.number().min(0).max(1);

const fieldWeights = z.strictObject({
  /** Values in the order in which they were fitted; a taxonomy with other values is refused. */
  values: z.array(z.string()),
  /** Frames of the field when it was fitted. */
  frames: z.int().min(0),
  /** Whether the words of the whole text count too. */
  readsText: z.boolean(),
  /** In units of `unit`, in the order of services/classification/rules/features.ts: [index, weight] of each that is not 0. */
  weights: z.array(z.tuple([z.int().min(0), z.int()])),
  unit: z.number().positive(),
  /** Probability below which the answer is null. */
  floor: share,
  /** Confidence = 1 / (1 + e^-(scale * logit(probability) + shift)). */
  confidence: z.strictObject({ scale: z.number(), shift: z.number() }),
});

const curve = z.array(z.tuple([share, share])).min(1);

export const decisionWeightsShape = z.strictObject({
  /** Id of the taxonomy. */
  taxonomy: z.string(),
  /** SHA-256 of the labelled meetings, in the order in which they were read. */
  data: z.string(),
  meetings: z.int().min(1),
  seed: z.int(),
  /** Words that have weights, folded. */
  vocabulary: z.array(z.string()),
  fields: z.record(z.string(), fieldWeights),
  /** Confidence curves of fields without weights, by field id: points [confidence of the rules, share of correct answers]. */
  curves: z.record(z.string(), curve),
});

export type DecisionWeights = z.output<typeof decisionWeightsShape>;
export type FieldWeights = z.output<typeof fieldWeights>;

/** Reads a weights file. @throws AppError TAXONOMY_INVALID: it is not JSON, or not of this shape, or of another taxonomy. */
export function readDecisionWeights(text: string, fileName: string, taxonomyId: string): DecisionWeights {
  const read = decisionWeightsShape.safeParse(parse(text));
  if (read.success && read.data.taxonomy === taxonomyId) return read.data;
  const found = read.success
    ? `It was fitted for the taxonomy "${read.data.taxonomy}", not for "${taxonomyId}".`
    : `The first fault is at ${read.error.issues[0]?.path.join('.') || 'its start'}.`;
  throw new AppError(
    'TAXONOMY_INVALID',
    `${fileName} holds no usable weights. ${found} Run \`vambe taxonomy fit\` again, or delete the file to decide without weights.`,
    { details: { fileName } },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the shape says that it is not an object
  }
}
