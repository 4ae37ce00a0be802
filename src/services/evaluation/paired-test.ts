/** Whether one classifier is better than another on the same meetings, or only luckier. */
import { type BootstrapOptions, bootstrap, type Interval } from './bootstrap.ts';

/** Rows that one gets right and the other wrong; rows on which both agree say nothing of the difference. */
export interface Discordance {
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

/**
 * McNemar's exact test, two-sided: how probable so lopsided a split of the discordant rows is where both are equally good. 1 without
 * discordant rows. Source: McNemar 1947, with the binomial distribution instead of its approximation.
 */
export function mcnemar({ onlyFirst, onlySecond }: Discordance): number {
  const rows = onlyFirst + onlySecond;
  let term = 1;
  let sum = 0;
  const fewer = Math.min(onlyFirst, onlySecond);
  // In logarithms, as 2^-rows is 0 beyond a thousand rows.
  let logTerm = -rows * Math.LN2;
  for (let k = 0; k <= fewer; k += 1) {
    term = Math.exp(logTerm);
    sum += term;
    logTerm += Math.log(rows - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * sum);
}

/** Counts the rows of which just one of two classifiers is right. */
export function countDiscordance(first: readonly boolean[], second: readonly boolean[]): Discordance {
  const onlyFirst = first.filter((isRight, row) => isRight && second[row] === false).length;
  const onlySecond = first.filter((isRight, row) => !isRight && second[row] === true).length;
  return { onlyFirst, onlySecond };
}

/** The interval of second minus first over resampled rows; each number is a row's share that is right, 0 to 1. */
export function differenceInterval(
  first: readonly number[],
  second: readonly number[],
  options: BootstrapOptions,
): Interval | null {
  const gaps = first.map((share, row) => (second[row] ?? 0) - share);
  return bootstrap(gaps.length, (rows) => rows.reduce((sum, row) => sum + (gaps[row] ?? 0), 0) / rows.length, options);
}
