/** Whether confidences mean what they say: of answers given with 0.8, eight of ten should be right. */
import type { TaxonomyField } from '../../models/taxonomy.ts';
import type { FieldResult } from '../classification/classifier.ts';
import { answerKey } from './compare.ts';
import type { LabelledMeeting } from './labelled-meetings.ts';

export interface CalibrationBin {
  /** Confidences from here… */
  readonly from: number;
  /** …to below here; the last bin holds 1. */
  readonly to: number;
  readonly answers: number;
  readonly meanConfidence: number;
  /** Share that is right, acceptable answers among them. */
  readonly accuracy: number;
}

export interface Calibration {
  readonly answers: number;
  /** Expected calibration error, 0 to 1: the mean gap between confidence and accuracy, weighted by the answers of each bin. */
  readonly ece: number;
  readonly bins: readonly CalibrationBin[];
}

export interface JudgedAnswer {
  readonly field: string;
  readonly confidence: number;
  readonly isRight: boolean;
}

const binCount = 10;

/** Every answer that is not null and whose field is labelled: a null claims nothing. */
export function judgeAnswers(
  fields: readonly Pick<TaxonomyField, 'id'>[],
  meetings: readonly LabelledMeeting[],
  answers: ReadonlyMap<string, Readonly<Record<string, FieldResult>>>,
): readonly JudgedAnswer[] {
  return meetings.flatMap(({ id, labels, acceptable }) =>
    fields.flatMap(({ id: field }) => {
      const result = answers.get(id)?.[field];
      if (labels === null || !Object.hasOwn(labels, field) || result === undefined || result.value === null) return [];
      const right = [labels[field], ...(acceptable[field] ?? [])].map(answerKey);
      return [{ field, confidence: result.confidence, isRight: right.includes(answerKey(result.value)) }];
    }),
  );
}

/** Ten bins of equal width, the empty ones left out. */
export function measureCalibration(answers: readonly Pick<JudgedAnswer, 'confidence' | 'isRight'>[]): Calibration {
  const bins = Array.from({ length: binCount }, (_each, index) => {
    const [from, to] = [index / binCount, (index + 1) / binCount];
    const held = answers.filter(
      ({ confidence }) => Math.min(binCount - 1, Math.floor(confidence * binCount + 1e-9)) === index,
    );
    const meanConfidence = held.reduce((sum, { confidence }) => sum + confidence, 0) / held.length;
    const accuracy = held.filter(({ isRight }) => isRight).length / held.length;
    return { from, to, answers: held.length, meanConfidence, accuracy };
  }).filter((bin) => bin.answers > 0);
  const gap = bins.reduce((sum, bin) => sum + bin.answers * Math.abs(bin.meanConfidence - bin.accuracy), 0);
  return { answers: answers.length, ece: answers.length === 0 ? 0 : gap / answers.length, bins };
}
