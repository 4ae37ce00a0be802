/** Intervals by resampling rows, the same for the same seed. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Numbers from 0 up to 1, the same sequence for the same seed (the public-domain generator mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface BootstrapOptions {
  readonly seed: number;
  readonly resamples: number;
  /** Share of resamples inside the interval, 0 to 1. */
  readonly level: number;
}

/** The interval that holds `level` of the statistic over resampled row indexes; null without rows. */
export function bootstrap(
  rowCount: number,
  statistic: (rows: readonly number[]) => number,
  options: BootstrapOptions,
): Interval | null {
  if (rowCount === 0) return null;
  const random = createRandom(options.seed);
  const values: number[] = [];
  for (let round = 0; round < options.resamples; round += 1) {
    const rows = Array.from({ length: rowCount }, () => Math.floor(random() * rowCount));
    values.push(statistic(rows));
  }
  values.sort((a, b) => a - b);
  const at = (share: number): number =>
    values[Math.min(values.length - 1, Math.max(0, Math.round(share * (values.length - 1))))] ?? 0;
  const tail = (1 - options.level) / 2;
  return { low: at(tail), high: at(1 - tail) };
}
