/** An enum whose values are ranges of a number: "somos 40 personas" is in the range that contains 40. */
import { emptyResult } from '../answer-rules.ts';
import type { FieldResult } from '../classifier.ts';
import { type FieldHits, trustPercentAt } from './reading.ts';
import { framedWeight, isNegated, quote, type Scope } from './weigh.ts';

const statedConfidence = 0.9;
const confirmedConfidence = 0.75;

/** The range of the last number stated, because a later figure corrects an earlier one; null without a number. */
export function decideBand(scope: Scope, { frames, others }: FieldHits): FieldResult {
  const { field, reading } = scope;
  let result = emptyResult;
  for (const hit of others) {
    if (hit.action.role !== 'band') continue;
    const number = reading.numbers.find((each) => each.last >= hit.first && each.first <= hit.last);
    const trust = trustPercentAt(reading, hit.first);
    if (number === undefined || trust <= 0 || (!hit.action.isFirm && isNegated(reading, hit))) continue;
    if (framedWeight(scope, hit, frames).weight < field.decide.threshold) continue;
    const step = stepOf(field.bands?.steps ?? [], number.value);
    if (step === undefined) continue;
    const from = Math.min(hit.first, number.first);
    const to = Math.max(hit.last, number.last);
    const confidence = trust < 100 ? confirmedConfidence : statedConfidence;
    result = { value: step.value, confidence, evidence: [quote(reading, from, to)] };
  }
  return result;
}

/** The highest step that a number reaches. */
function stepOf<Step extends { readonly from: number }>(steps: readonly Step[], value: number): Step | undefined {
  let best: Step | undefined;
  for (const step of steps) if (step.from <= value && step.from >= (best?.from ?? step.from)) best = step;
  return best;
}
