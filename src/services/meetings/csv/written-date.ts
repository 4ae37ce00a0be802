/** Takes a written date apart: its three numbers, its kind and its time of day. */

export type DateFamily = 'year first' | 'year last' | 'two-digit year' | 'month name' | 'day number';

export interface TimeOfDay {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
  /** `Z`, `UTC`, `-03:00`; undefined: a time of the zone of the import. */
  readonly offset?: string;
}

export interface WrittenDate {
  readonly family: DateFamily;
  /** In the order of the text where only numbers are written, else year, month and day. */
  readonly numbers: readonly [number, number, number];
  readonly separator: string;
  readonly time: TimeOfDay;
}

type DateBody = Omit<WrittenDate, 'time'>;

const midnight: TimeOfDay = { hours: 0, minutes: 0, seconds: 0, milliseconds: 0 };
const months = [
  ['enero', 'january'],
  ['febrero', 'february'],
  ['marzo', 'march'],
  ['abril', 'april'],
  ['mayo', 'may'],
  ['junio', 'june'],
  ['julio', 'july'],
  ['agosto', 'august'],
  ['septiembre', 'september', 'setiembre'],
  ['octubre', 'october'],
  ['noviembre', 'november'],
  ['diciembre', 'december'],
] as const;

const zone = String.raw`(Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)`;
const timeAtEnd = new RegExp(
  String.raw`(?:T|[\s,]+(?:a las?\s+|at\s+)?)(\d{1,2})(?:([:.])(\d{2})(?:\2(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(?:([ap])\.?\s?m\b\.?|hrs?\b\.?|h\b\.?)?\s*${zone}?$`,
  'i',
);
const isoDateWithZone = new RegExp(String.raw`^(\d{4}-\d{1,2}-\d{1,2})\s*${zone}$`, 'i');
const weekday = /^(?:lun|mar|mie|jue|vie|sab|dom|mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]*\s+/;

const numbersYearFirst = /^(\d{4})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{1,2})$/;
const numbersYearLast = /^(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})$/;
const compactYearFirst = /^((?:19|20|21)\d{2})(\d{2})(\d{2})$/;
const dayNumber = /^\d{5}(?:[.,]\d{1,12})?$/;

const isPlain = /^[ -~]*$/;
/** A longer text is no date, and would cost time to search. */
const maxDateChars = 80;
const dayMs = 86_400_000;
/** Day 0 of Excel's 1900 calendar, which holds from March 1900. Day 25,569 is 1970-01-01, day 73,415 is 2100-12-31. */
const excelDayZeroMs = Date.UTC(1899, 11, 30);
const firstDayNumber = 25_569;
const lastDayNumber = 73_415;

/** Undefined for a text that is no date of a known kind; its numbers may still be of no calendar. */
export function takeDateApart(text: string): WrittenDate | undefined {
  if (text.length > maxDateChars) return undefined;
  const plain = (isPlain.test(text) ? text : text.normalize('NFD').replace(/[\p{M}\p{Cf}\0]/gu, ''))
    .toLowerCase()
    .trim()
    .replace(/^'/, '');
  const serial = readDayNumber(plain);
  if (serial !== undefined) return serial;

  const { date, time } = splitTime(plain);
  const body = readBody(date) ?? readBody(date.replace(weekday, ''));
  return body === undefined ? undefined : { ...body, time };
}

function splitTime(text: string): { date: string; time: TimeOfDay } {
  const whole = { date: text, time: midnight };
  const zoned = isoDateWithZone.exec(text);
  if (zoned) return { date: zoned[1] ?? '', time: { ...midnight, offset: zoned[2] } };
  const found = timeAtEnd.exec(text);
  if (!found) return whole;
  const [, hours, , minutes, seconds, fraction, half, offset] = found;
  // "2 may 24": a bare number is no time of day.
  if (minutes === undefined && half === undefined) return whole;
  const time = {
    hours: toHours(Number(hours), half),
    minutes: Number(minutes ?? 0),
    seconds: Number(seconds ?? 0),
    milliseconds: Number((fraction ?? '').slice(0, 3).padEnd(3, '0')),
    offset,
  };
  return { date: text.slice(0, found.index), time };
}

/** `15:30 p. m.` is read as 15:30; what no clock shows (`13:00 a. m.`) becomes an hour that is refused later. */
function toHours(hours: number, half: string | undefined): number {
  if (half === undefined) return hours;
  if (half === 'a') return hours > 12 ? Number.NaN : hours % 12;
  return hours < 12 ? hours + 12 : hours;
}

function readBody(text: string): DateBody | undefined {
  return readNumbers(text.trim()) ?? readMonthName(text);
}

function readNumbers(text: string): DateBody | undefined {
  const first = numbersYearFirst.exec(text);
  if (first) return body('year first', [first[1], first[3], first[4]], first[2]);
  const last = numbersYearLast.exec(text);
  if (last) return body(last[4]?.length === 4 ? 'year last' : 'two-digit year', [last[1], last[3], last[4]], last[2]);
  const compact = compactYearFirst.exec(text);
  return compact ? body('year first', [compact[1], compact[2], compact[3]], '') : undefined;
}

/** `2 de mayo de 2024`, `2-may-24`, `mayo 2 de 2024`, `May 2nd, 2024`, `2024-May-02`. */
function readMonthName(text: string): DateBody | undefined {
  const words = text
    .replace(/\b(?:de|del|of|the|el)\b/g, ' ')
    .split(/[\s,./-]+/)
    .filter((word) => word !== '');
  if (words.length !== 3) return undefined;
  const [first = '', second = '', third = ''] = words;
  if (monthOf(first) > 0) return fromName(third, monthOf(first), second);
  if (monthOf(second) === 0) return undefined;
  return /^\d{4}$/.test(first)
    ? fromName(first, monthOf(second), third)
    : fromName(
        third.replace(/^'?(\d{2})$/, (_, year) => String(fullYear(Number(year)))),
        monthOf(second),
        first,
      );
}

function fromName(year: string, month: number, day: string): DateBody | undefined {
  const dayDigits = /^(\d{1,2})(?:st|nd|rd|th|º|°|o|ro|ero|er)?$/.exec(day)?.[1];
  if (dayDigits === undefined || !/^\d{4}$/.test(year)) return undefined;
  return { family: 'month name', numbers: [Number(year), month, Number(dayDigits)], separator: '' };
}

/** 1 to 12; 0 for another word. */
function monthOf(word: string): number {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return 0;
  return months.findIndex((names) => names.some((name) => name.startsWith(word))) + 1;
}

/** 00 to 69 are 2000 to 2069, 70 to 99 are 1970 to 1999: the years from 1970 on that two digits can mean. */
export function fullYear(twoDigits: number): number {
  return twoDigits < 70 ? 2000 + twoDigits : 1900 + twoDigits;
}

/** Days since 1899-12-30, with the time of day as a fraction: what Excel keeps of a date in a cell without a date format. */
function readDayNumber(text: string): WrittenDate | undefined {
  if (!dayNumber.test(text)) return undefined;
  const days = Number(text.replace(',', '.'));
  if (days < firstDayNumber || days >= lastDayNumber + 1) return undefined;
  const at = new Date(excelDayZeroMs + Math.round((days * dayMs) / 1000) * 1000);
  return {
    family: 'day number',
    numbers: [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()],
    separator: '',
    time: { hours: at.getUTCHours(), minutes: at.getUTCMinutes(), seconds: at.getUTCSeconds(), milliseconds: 0 },
  };
}

function body(family: DateFamily, numbers: readonly (string | undefined)[], separator = ''): DateBody {
  const [first, second, third] = numbers.map(Number);
  return { family, numbers: [first ?? Number.NaN, second ?? Number.NaN, third ?? Number.NaN], separator };
}
