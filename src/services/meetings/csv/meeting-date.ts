/** Reads the date of one meeting in the form of its file. */
import {
  type DateForm,
  exampleOf,
  firstYear,
  isCalendarDay,
  lastYear,
  nameForm,
  ordersOfFamily,
  toDay,
} from './date-form.ts';
import { type TimeOfDay, takeDateApart, type WrittenDate } from './written-date.ts';
import type { ToInstant } from './zoned-time.ts';

export type DateReading = { readonly at: Date } | { readonly problem: string };

const shownChars = 40;

/**
 * The instant that a cell means in `form`, which is undefined where no cell of the file holds a date. Without a zone it
 * is a wall-clock time of `toInstant`'s zone, without a time its midnight. A date that no calendar has is a problem.
 */
export function readMeetingDate(text: string, form: DateForm | undefined, toInstant: ToInstant): DateReading {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'is empty; give a date such as 2024-02-10' };
  const shown = trimmed.length <= shownChars ? `"${trimmed}"` : `a text of ${trimmed.length} characters`;

  const written = takeDateApart(trimmed);
  if (written === undefined) {
    return { problem: `must be a date such as ${form === undefined ? '2024-02-10' : exampleOf(form)}, got ${shown}` };
  }
  const [ownOrder = 'ymd', ...otherOrders] = ordersOfFamily[written.family];
  const day = toDay(written, form?.family === written.family ? form.order : ownOrder);
  if (!isCalendarDay(day) || !isClockTime(written.time)) {
    const isOtherForm = form !== undefined && isClockTime(written.time) && isDayOfSomeOrder(written);
    return { problem: isOtherForm ? misfit(shown, form) : `is ${shown}, which no calendar or clock has` };
  }
  if (form !== undefined && form.family !== written.family) return { problem: misfit(shown, form) };
  if (form === undefined && otherOrders.length > 0) {
    return { problem: `is ${shown}, which is no date in the given order; give a date such as 2024-02-10` };
  }
  if (day.year < firstYear || day.year > lastYear) {
    return { problem: `is ${shown}; the year must be from ${firstYear} to ${lastYear}` };
  }
  const { hours, minutes, seconds, milliseconds, offset } = written.time;
  const wallMs = Date.UTC(day.year, day.month - 1, day.day, hours, minutes, seconds, milliseconds);
  if (offset === undefined) return { at: new Date(toInstant(wallMs)) };
  const offsetMs = toOffsetMs(offset);
  if (offsetMs === undefined) return { problem: `is ${shown}, whose offset from UTC no place has` };
  return { at: new Date(wallMs - offsetMs) };
}

function misfit(shown: string, form: DateForm): string {
  return `is ${shown}, and the dates of this file are read as ${nameForm(form)}, such as ${exampleOf(form)}`;
}

function isDayOfSomeOrder(written: WrittenDate): boolean {
  return ordersOfFamily[written.family].some((order) => isCalendarDay(toDay(written, order)));
}

function isClockTime({ hours, minutes, seconds }: TimeOfDay): boolean {
  return hours <= 23 && minutes <= 59 && seconds <= 59;
}

function toOffsetMs(offset: string): number | undefined {
  const signed = offset.toUpperCase().replace(/^(?:UTC|GMT|Z)/, '');
  if (signed === '') return 0;
  const digits = signed.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  // UTC+14 (Kiribati) is the largest offset there is.
  if (hours > 14 || minutes > 59) return undefined;
  return (signed.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
