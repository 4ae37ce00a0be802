/** Conditional logit: the probability of an alternative is proportional to e^utility, its utility linear in its numbers. */
import type { Example } from './examples.ts';

export interface LogitOptions {
  /** L2 penalty of each weight. */
  readonly penalties: Float64Array;
  readonly steps: number;
  readonly rate: number;
}

const decay = 0.9;
const squareDecay = 0.999;
const tiny = 1e-8;

/**
 * Weights with the least penalised loss, by Adam over all examples in each step. Deterministic: it starts at 0 and draws nothing.
 * Where no alternative is right, null counts as right.
 */
export function fitLogit(examples: readonly Example[], { penalties, steps, rate }: LogitOptions): Float64Array {
  const size = penalties.length;
  const weights = new Float64Array(size);
  const mean = new Float64Array(size);
  const square = new Float64Array(size);
  const gradient = new Float64Array(size);
  const total = examples.reduce((sum, { weight }) => sum + weight, 0);
  for (let step = 1; step <= steps; step += 1) {
    for (let at = 0; at < size; at += 1) gradient[at] = ((penalties[at] ?? 0) * (weights[at] ?? 0)) / total;
    for (const example of examples) addGradient(example, weights, gradient, example.weight / total);
    const pace = rate * Math.min(1, 2 * (1 - (step - 1) / steps));
    for (let at = 0; at < size; at += 1) {
      const slope = gradient[at] ?? 0;
      mean[at] = decay * (mean[at] ?? 0) + (1 - decay) * slope;
      square[at] = squareDecay * (square[at] ?? 0) + (1 - squareDecay) * slope * slope;
      const unbiasedMean = (mean[at] ?? 0) / (1 - decay ** step);
      const unbiasedSquare = (square[at] ?? 0) / (1 - squareDecay ** step);
      weights[at] = (weights[at] ?? 0) - (pace * unbiasedMean) / (Math.sqrt(unbiasedSquare) + tiny);
    }
  }
  return weights;
}

/** Probabilities of the alternatives; what is missing to 1 is null's. */
export function predict({ alternatives }: Example, weights: Float64Array): number[] {
  const grown = alternatives.map(({ indexes, values }) => {
    let utility = 0;
    for (let at = 0; at < indexes.length; at += 1) utility += (weights[indexes[at] ?? 0] ?? 0) * (values[at] ?? 0);
    return Math.exp(Math.min(30, utility));
  });
  const total = grown.reduce((sum, each) => sum + each, 1);
  return grown.map((each) => each / total);
}

function addGradient(example: Example, weights: Float64Array, gradient: Float64Array, scale: number): void {
  const probabilities = predict(example, weights);
  const nullProbability = Math.max(1e-12, 1 - probabilities.reduce((sum, each) => sum + each, 0));
  const isAnyRight = example.alternatives.some(({ isRight }) => isRight);
  let right = example.isNullRight || !isAnyRight ? nullProbability : 0;
  example.alternatives.forEach(({ isRight }, at) => {
    if (isRight) right += probabilities[at] ?? 0;
  });
  example.alternatives.forEach(({ indexes, values, isRight }, at) => {
    const probability = probabilities[at] ?? 0;
    const pull = scale * (probability - (isRight ? probability / Math.max(1e-12, right) : 0));
    for (let each = 0; each < indexes.length; each += 1) {
      const index = indexes[each] ?? 0;
      gradient[index] = (gradient[index] ?? 0) + pull * (values[each] ?? 0);
    }
  });
}
