/** Draws that a seed repeats. */

export interface Seeded {
  /** From 0 up to 1, 1 left out. */
  next(): number;
  between(least: number, most: number): number;
  pick<T>(choices: readonly T[]): T;
}

/** mulberry32: small, and good enough to mix faults. */
export function createSeeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
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
