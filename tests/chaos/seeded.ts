/** Draws that a seed repeats. */
import { createRandom } from '../../src/services/evaluation/bootstrap.ts';

export interface Seeded {
  /** From 0 up to 1, 1 left out. */
  next(): number;
  between(least: number, most: number): number;
  pick<T>(choices: readonly T[]): T;
}

export function createSeeded(seed: number): Seeded {
  const next = createRandom(seed);
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    pick(choices) {
      const picked = choices[Math.floor(next() * choices.length)];
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
  };
}
