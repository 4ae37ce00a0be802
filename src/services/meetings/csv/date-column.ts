/** Decides from all dates of a file in which form they are read. */
import {
  type CalendarDay,
  type DateForm,
  type DateOrder,
  fitsOrder,
  nameOrder,
  ordersOfFamily,
  toDay,
} from './date-form.ts';
import { type DateFamily, takeDateApart, type WrittenDate } from './written-date.ts';

/** `form` is undefined where no cell holds a date. `problem` has no file name. */
export type DateDecision = { readonly form: DateForm | undefined } | { readonly problem: string };

export interface DateColumn {
  add(text: string, line: number): void;
  decide(): DateDecision;
}

interface Example {
  readonly line: number;
  readonly text: string;
  readonly written: WrittenDate;
}

/** How two orders compare on the cells of a family. */
interface Comparison {
  /** Cells that both fit, as different days. */
  differing: number;
  readonly only: { [order in DateOrder]?: number };
  example?: Example;
}

/** Two orders that may be confused need this many times more cells for one than for the other. */
const decisiveRatio = 10;

export interface DateColumnOptions {
  readonly order?: DateOrder;
  readonly now: Date;
}

/**
 * Looks at cells one by one and keeps counts only. Most cells decide the family (month names, year first …); cells that
 * fit only one order, such as a day above 12, decide the order. `givenOrder` decides for dates that start or end in
 * a number that could be the day.
 */
export function createDateColumn({ order: givenOrder, now }: DateColumnOptions): DateColumn {
  const families = new Map<DateFamily, FamilyCount>();
  return {
    add(text, line) {
      const written = takeDateApart(text);
      if (written === undefined) return;
      const candidates = ordersFor(written.family, givenOrder);
      const orders = candidates.filter((order) => fitsOrder(written, order));
      if (orders.length === 0) return;
      const family = families.get(written.family) ?? createFamilyCount(candidates, now.getUTCFullYear() + 1);
      families.set(written.family, family);
      family.add({ line, text: text.trim(), written }, orders);
    },
    decide() {
      const [largest] = [...families].sort(([, a], [, b]) => b.cells() - a.cells());
      if (largest === undefined) return { form: undefined };
      const [family, count] = largest;
      const order = count.decide();
      return typeof order === 'string' ? { form: { family, order } } : order;
    },
  };
}

function ordersFor(family: DateFamily, givenOrder: DateOrder | undefined): readonly DateOrder[] {
  const orders = ordersOfFamily[family];
  return givenOrder === undefined || orders.length === 1 ? orders : orders.filter((order) => order === givenOrder);
}

interface FamilyCount {
  cells(): number;
  add(example: Example, fitting: readonly DateOrder[]): void;
  decide(): DateOrder | { readonly problem: string };
}

function createFamilyCount(orders: readonly DateOrder[], latestYear: number): FamilyCount {
  const fits = new Map<DateOrder, number>(orders.map((order) => [order, 0]));
  /** Orders that give a cell a year after `latestYear`. */
  const future = new Set<DateOrder>();
  const comparisons = new Map<string, Comparison>();
  const firstNumbers = new Set<number>();
  const lastNumbers = new Set<number>();
  let hasHyphens = false;
  let cells = 0;
  const compare = (a: DateOrder, b: DateOrder): Comparison => {
    const key = [a, b].sort().join();
    const comparison = comparisons.get(key) ?? { differing: 0, only: {} };
    comparisons.set(key, comparison);
    return comparison;
  };

  /**
   * Whether the year is rather at the place that `order` gives it. Meetings of years to come are rare. Years repeat and
   * days do not, so of the first and last numbers the ones with more values are the days. Years at the start are usual
   * with hyphens only: with another separator, the end has it unless the start looks more like a recent year.
   */
  const hasLikelierYear = (order: DateOrder, rival: DateOrder): boolean => {
    if (order !== 'ymd' && rival !== 'ymd') return false;
    if (future.has(order) !== future.has(rival)) return future.has(rival);
    const surplus = firstNumbers.size - lastNumbers.size;
    if (order === 'ymd') return surplus <= -2;
    return surplus >= 2 || (!hasHyphens && surplus >= 0 && Math.max(...lastNumbers) >= Math.max(...firstNumbers));
  };
  const excludes = (order: DateOrder, rival: DateOrder): boolean => {
    const { differing, only } = compare(order, rival);
    const own = only[order] ?? 0;
    const against = only[rival] ?? 0;
    if (differing === 0) return own >= against;
    if (against === 0) return own > 0 || hasLikelierYear(order, rival);
    return own >= decisiveRatio * against || (against === 1 && own >= 2);
  };

  return {
    cells: () => cells,
    add(example, fitting) {
      cells += 1;
      // Of years with four digits there is nothing to decide.
      if (example.written.family === 'two-digit year') {
        hasHyphens ||= example.written.separator === '-';
        firstNumbers.add(example.written.numbers[0]);
        lastNumbers.add(example.written.numbers[2]);
      }
      for (const order of fitting) {
        fits.set(order, (fits.get(order) ?? 0) + 1);
        if (toDay(example.written, order).year > latestYear) future.add(order);
      }
      for (const [index, order] of orders.entries()) {
        for (const rival of orders.slice(index + 1)) count(compare(order, rival), [order, rival], fitting, example);
      }
    },
    decide() {
      const ranked = [...orders].sort((a, b) => (fits.get(b) ?? 0) - (fits.get(a) ?? 0));
      const rivalsOf = (order: DateOrder) => ranked.filter((rival) => rival !== order && !excludes(order, rival));
      const decided = ranked.find((order) => rivalsOf(order).length === 0);
      if (decided !== undefined) return decided;
      const [first = 'dmy'] = ranked;
      const [second = 'mdy', ...others] = rivalsOf(first);
      return { problem: tellAmbiguity([first, second, ...others], compare(first, second).example) };
    },
  };
}

function count(
  comparison: Comparison,
  [order, rival]: readonly [DateOrder, DateOrder],
  fitting: readonly DateOrder[],
  example: Example,
): void {
  const [fitsOne, fitsOther] = [fitting.includes(order), fitting.includes(rival)];
  if (fitsOne !== fitsOther) {
    const only = fitsOne ? order : rival;
    comparison.only[only] = (comparison.only[only] ?? 0) + 1;
  }
  if (!fitsOne || !fitsOther) return;
  if (showDay(toDay(example.written, order)) === showDay(toDay(example.written, rival))) return;
  comparison.differing += 1;
  comparison.example ??= example;
}

function tellAmbiguity(orders: readonly DateOrder[], example: Example | undefined): string {
  const options = orders.map((order) => `--date-order ${order}`).join(' or ');
  const readings = orders.map((order) => {
    const day = example === undefined ? '' : ` ${showDay(toDay(example.written, order))}`;
    return `${nameOrder(order)}${day === '' ? '' : ` (${day.trim()})`}`;
  });
  const shown = example === undefined ? '' : `, such as "${example.text}" in line ${example.line}`;
  return `has dates that fit ${readings.join(' and ')}${shown}, and its other dates do not decide. Nothing was imported. Give ${options}.`;
}

function showDay({ year, month, day }: CalendarDay): string {
  return [year, month, day].map((number) => String(number).padStart(2, '0')).join('-');
}
