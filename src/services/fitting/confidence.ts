/** Confidence and floors, from answers on meetings of unseen authors. */
import type { FieldWeights } from '../../models/decision-weights.ts';

/** The likeliest value of one field of one meeting, by weights that did not see its author. */
export interface Judged {
  readonly author: string;
  readonly weight: number;
  /** Of the likeliest value; 0: nothing was proposed. */
  readonly probability: number;
  readonly isRight: boolean;
  readonly isNull: boolean;
  readonly isNullRight: boolean;
}

const steps = 400;
const rate = 0.1;
/** Draws scale towards 1 and shift towards 0, as some fields have few answers. */
const pull = 3;

/** Platt scaling: the logistic curve from the probability's logit to the share of right answers. */
export function fitConfidence(judged: readonly Judged[]): { confidence: FieldWeights['confidence']; judged: Judged[] } {
  const given = judged.filter(({ probability }) => probability > 0.2);
  let scale = 1;
  let shift = 0;
  const total = given.reduce((sum, { weight }) => sum + weight, pull);
  for (let step = 0; step < steps; step += 1) {
    let byScale = pull * (scale - 1);
    let byShift = pull * shift * 0.1;
    for (const { probability, isRight, weight } of given) {
      const x = logitOf(probability);
      const gap = 1 / (1 + Math.exp(-(scale * x + shift))) - (isRight ? 1 : 0);
      byScale += weight * gap * x;
      byShift += weight * gap;
    }
    scale -= (rate * byScale) / total;
    shift -= (rate * byShift) / total;
  }
  return { confidence: { scale: round(scale), shift: round(shift) }, judged: [...judged] };
}

function logitOf(probability: number): number {
  const kept = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(kept / (1 - kept));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const floorSteps = 60;
const maxPrice = 2;
const priceStep = 0.1;

/**
 * Floors by field that keep a share of the nulls over all fields and lose the fewest right answers: each field's floor maximises
 * right answers + price * nulls kept, and the price rises until the share is reached.
 */
export function chooseFloors(fields: ReadonlyMap<string, readonly Judged[]>, nullShare: number): Map<string, number> {
  let floors = new Map<string, number>();
  for (let price = 0; price <= maxPrice; price += priceStep) {
    floors = new Map([...fields].map(([id, judged]) => [id, bestFloor(judged, price)]));
    let nulls = 0;
    let kept = 0;
    for (const [id, judged] of fields) {
      for (const each of judged) {
        // Cues were written with the other meetings at hand.
        if (!each.isNull || each.weight < 1) continue;
        nulls += each.weight;
        if (each.probability < (floors.get(id) ?? 0)) kept += each.weight;
      }
    }
    if (nulls === 0 || kept / nulls >= nullShare) break;
  }
  return floors;
}

function bestFloor(judged: readonly Judged[], price: number): number {
  let best = 0;
  let bestGain = Number.NEGATIVE_INFINITY;
  for (let step = 1; step < floorSteps; step += 1) {
    const floor = step / floorSteps;
    let gain = 0;
    for (const { probability, isRight, isNull, isNullRight, weight } of judged) {
      if (probability >= floor) gain += isRight ? weight : 0;
      else gain += (isNullRight ? weight : 0) + (isNull ? price * weight : 0);
    }
    if (gain > bestGain) [best, bestGain] = [floor, gain];
  }
  return Math.round(best * 1000) / 1000;
}
