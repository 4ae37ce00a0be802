/** Fits the decisions of a taxonomy on labelled meetings: weights, floors, confidence. */

import { foldWord } from '../../models/cue-pattern.ts';
import type { FieldWeights } from '../../models/decision-weights.ts';
import type { FittedWeights, Taxonomy } from '../../models/taxonomy.ts';
import type { FileField } from '../../models/taxonomy-file.ts';
import { type Layout, layOut } from '../classification/rules/features.ts';
import { answerKey } from '../evaluation/compare.ts';
import { fitCurve } from '../evaluation/fit-curve.ts';
import { chooseFloors, fitConfidence, type Judged } from './confidence.ts';
import {
  type Collected,
  collectExamples,
  type Example,
  emptyWeights,
  type FittedFields,
  type FittingMeeting,
} from './examples.ts';
import { fitLogit, predict } from './logit.ts';

/** A word needs this many meetings to have weights. */
const minMeetings = 5;
const logit = { steps: 250, rate: 0.05 };
/** L2 penalties by group: the rarer a number, the stronger. */
const penalty = { shared: 0.5, frames: 1, values: 0.5, slopes: 1, cueWords: 1, signals: 2, words: 6 };
/** Share of labels that are null that the floors must leave null. */
const nullsToKeep = 0.92;
const unitsPerWeight = 1 / 1000;

export interface FitResult {
  readonly weights: Omit<FittedWeights, 'digest' | 'data' | 'seed'>;
}

export async function fitDecisions(
  taxonomy: Taxonomy,
  meetings: readonly FittingMeeting[],
  fields: FittedFields,
): Promise<FitResult> {
  const vocabulary = findVocabulary(meetings);
  const empty = emptyWeights(taxonomy, fields, vocabulary);
  const collected = await collectExamples({ ...taxonomy, weights: empty }, meetings);
  const signalCount = taxonomy.file.fields.reduce(
    (sum, { type, values }) => sum + (type === 'list' ? values.length : 0),
    0,
  );
  /** By field id: answers of each author by weights that never saw that author. */
  const unseen = new Map<string, readonly Judged[]>();
  const fitted: [string, Omit<FieldWeights, 'floor'>][] = [];
  for (const field of taxonomy.file.fields) {
    const examples = collected.examples.get(field.id);
    const before = empty.fields[field.id];
    if (examples === undefined || before === undefined || examples.length === 0) continue;
    const layout = layOut(field, vocabulary.length, signalCount, before.readsText);
    const penalties = penaltiesOf(layout);
    const judged = crossValidate(examples, penalties);
    const { confidence, judged: calibrated } = fitConfidence(judged);
    unseen.set(field.id, calibrated);
    fitted.push([field.id, { ...before, ...pack(fitWeights(examples, penalties)), confidence }]);
  }
  const floors = chooseFloors(unseen, nullsToKeep);
  return {
    weights: {
      taxonomy: taxonomy.id,
      meetings: meetings.length,
      vocabulary: [...vocabulary],
      fields: Object.fromEntries(fitted.map(([id, each]) => [id, { ...each, floor: floors.get(id) ?? 0 }])),
      curves: fitCurves(taxonomy.file.fields, empty, meetings, collected),
    },
  };
}

/** Folded words of at least `minMeetings` meetings, in alphabetical order. */
function findVocabulary(meetings: readonly FittingMeeting[]): string[] {
  const counts = new Map<string, number>();
  for (const { transcript } of meetings) {
    const words = new Set(transcript.split(/[^\p{L}\p{N}']+/u).map((word) => foldWord(word)));
    for (const word of words) if (/^\p{L}/u.test(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].flatMap(([word, count]) => (count >= minMeetings ? [word] : [])).sort();
}

function penaltiesOf(layout: Layout): Float64Array {
  const penalties = new Float64Array(layout.size).fill(penalty.shared);
  penalties.fill(penalty.frames, layout.frames, layout.values);
  penalties.fill(penalty.values, layout.values, layout.slopes);
  penalties.fill(penalty.slopes, layout.slopes, layout.cueWords);
  penalties.fill(penalty.cueWords, layout.cueWords, layout.signals);
  penalties.fill(penalty.signals, layout.signals, layout.words);
  penalties.fill(penalty.words, layout.words);
  return penalties;
}

/** A value where the label is null is the worse error. */
const nullWeight = 1.2;

function fitWeights(examples: readonly Example[], penalties: Float64Array): Float64Array {
  const weighed = examples.map((each) => (each.isNull ? { ...each, weight: each.weight * nullWeight } : each));
  return fitLogit(weighed, { ...logit, penalties });
}

/** Judges the examples of each author by weights fitted on the other authors. */
function crossValidate(examples: readonly Example[], penalties: Float64Array): Judged[] {
  const authors = [...new Set(examples.map(({ author }) => author))];
  return authors.flatMap((author) => {
    const weights = fitWeights(
      examples.filter((each) => each.author !== author),
      penalties,
    );
    return examples.filter((each) => each.author === author).map((each) => judge(each, weights));
  });
}

function judge(example: Example, weights: Float64Array): Judged {
  const probabilities = predict(example, weights);
  let best = -1;
  probabilities.forEach((each, at) => {
    if (best < 0 || each > (probabilities[best] ?? 0)) best = at;
  });
  const { author, weight, isNull, isNullRight } = example;
  const probability = best < 0 ? 0 : (probabilities[best] ?? 0);
  return { author, weight, isNull, isNullRight, probability, isRight: example.alternatives[best]?.isRight === true };
}

function pack(weights: Float64Array): Pick<FieldWeights, 'weights' | 'unit'> {
  const packed: [number, number][] = [];
  weights.forEach((weight, index) => {
    const units = Math.round(weight / unitsPerWeight);
    if (units !== 0) packed.push([index, units]);
  });
  return { weights: packed, unit: unitsPerWeight };
}

/** Curves of the fields that the rules decide, where at least some answers were given. */
function fitCurves(
  fields: readonly FileField[],
  empty: FittedWeights,
  meetings: readonly FittingMeeting[],
  { answers }: Collected,
): FittedWeights['curves'] {
  const curves: FittedWeights['curves'] = {};
  for (const { id } of fields) {
    if (empty.fields[id] !== undefined) continue;
    const judged = meetings.flatMap(({ labels, acceptable }, at) => {
      const result = answers[at]?.[id];
      if (labels === null || !Object.hasOwn(labels, id) || result === undefined || result.value === null) return [];
      const right = [labels[id], ...(acceptable[id] ?? [])].map(answerKey);
      return [{ confidence: result.confidence, isRight: right.includes(answerKey(result.value)) }];
    });
    if (judged.length > 0) curves[id] = fitCurve(judged).map(([from, share]) => [from, share]);
  }
  return curves;
}
