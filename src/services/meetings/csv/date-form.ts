/** The one form in which the dates of a file are read. */
import { type DateFamily, fullYear, type WrittenDate } from './written-date.ts';

/** Order of the numbers of a date: d day, m month, y year. */
export const dateOrders = ['dmy', 'mdy', 'ymd'] as const;
export type DateOrder = (typeof dateOrders)[number];

export interface DateForm {
  readonly family: DateFamily;
  readonly order: DateOrder;
}

export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export const firstYear = 1970;
export const lastYear = 2100;

const orderNames = { dmy: 'day-month-year', mdy: 'month-day-year', ymd: 'year-month-day' } as const;

/** Orders that dates of a family can have; the likelier first. */
export const ordersOfFamily: Readonly<Record<DateFamily, readonly DateOrder[]>> = {
  'year first': ['ymd'],
  'year last': ['dmy', 'mdy'],
  'two-digit year': ['dmy', 'mdy', 'ymd'],
  'month name': ['ymd'],
  'day number': ['ymd'],
};

/** What "dates read as" says. */
export function nameForm({ family, order }: DateForm): string {
  if (family === 'month name') return 'month names';
  if (family === 'day number') return 'Excel day numbers';
  return orderNames[order];
}

export function nameOrder(order: DateOrder): string {
  return orderNames[order];
}

/** The 25th of December 2024 in this form. */
export function exampleOf({ family, order }: DateForm): string {
  if (family === 'month name') return '25 December 2024';
  if (family === 'day number') return '45651';
  if (family === 'year first') return '2024-12-25';
  const year = family === 'year last' ? '2024' : '24';
  return { dmy: `25/12/${year}`, mdy: `12/25/${year}`, ymd: `${year}-12-25` }[order];
}

/** The day that the numbers mean in this order, whether or not a calendar has it. */
export function toDay({ family, numbers }: WrittenDate, order: DateOrder): CalendarDay {
  const [first, second, third] = numbers;
  const year = (value: number) => (family === 'two-digit year' ? fullYear(value) : value);
  if (order === 'dmy') return { year: year(third), month: second, day: first };
  if (order === 'mdy') return { year: year(third), month: first, day: second };
  return { year: year(first), month: second, day: third };
}

/** False where Date.UTC would carry over, as from 30 February into March. */
export function isCalendarDay({ year, month, day }: CalendarDay): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Whether the numbers give a day of an accepted year in this order. */
export function fitsOrder(written: WrittenDate, order: DateOrder): boolean {
  const day = toDay(written, order);
  return day.year >= firstYear && day.year <= lastYear && isCalendarDay(day);
}
