/** Reads the date of a meeting as people and programs write it. */
import type { ToInstant } from './zoned-time.ts';

export type DateReading = { readonly at: Date } | { readonly problem: string };

const time = String.raw`(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?`;
const zone = String.raw`\s*(Z|[+-]\d{2}(?::?\d{2})?)?`;
const isoDate = new RegExp(`^(\\d{4})-(\\d{1,2})-(\\d{1,2})${time}${zone}$`, 'i');
const dayFirstDate = new RegExp(`^(\\d{1,2})/(\\d{1,2})/(\\d{4})${time}${zone}$`, 'i');

const firstYear = 1970;
const lastYear = 2100;
const shownChars = 40;

/**
 * `2024-02-10`, `2024-02-10T15:30:00-03:00`, `10/02/2024` (day first) and the like. Without a zone it is a wall-clock
 * time of `toInstant`'s zone, without a time its midnight. A date that no calendar has is a problem.
 */
export function readMeetingDate(text: string, toInstant: ToInstant): DateReading {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'is empty; give a date such as 2024-02-10' };
  const shown = trimmed.length <= shownChars ? `"${trimmed}"` : `a text of ${trimmed.length} characters`;

  const iso = isoDate.exec(trimmed);
  const dayFirst = dayFirstDate.exec(trimmed);
  const [year, month, day] = iso ? [iso[1], iso[2], iso[3]] : [dayFirst?.[3], dayFirst?.[2], dayFirst?.[1]];
  const rest = (iso ?? dayFirst)?.slice(4);
  if (rest === undefined) return { problem: `must be a date such as 2024-02-10 or 10/02/2024, got ${shown}` };

  const [hours, minutes, seconds, fraction, offset] = rest;
  const wall = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hours: Number(hours ?? 0),
    minutes: Number(minutes ?? 0),
    seconds: Number(seconds ?? 0),
    milliseconds: Number((fraction ?? '').slice(0, 3).padEnd(3, '0')),
  };
  const wallMs = toWallMs(wall);
  if (wallMs === undefined) return { problem: `is ${shown}, which no calendar or clock has` };
  if (wall.year < firstYear || wall.year > lastYear) {
    return { problem: `is ${shown}; the year must be from ${firstYear} to ${lastYear}` };
  }
  if (offset === undefined) return { at: new Date(toInstant(wallMs)) };
  const offsetMs = toOffsetMs(offset);
  if (offsetMs === undefined) return { problem: `is ${shown}, whose offset from UTC no place has` };
  return { at: new Date(wallMs - offsetMs) };
}

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

/** Undefined where Date.UTC would carry over, as from 30 February into March. */
function toWallMs({ year, month, day, hours, minutes, seconds, milliseconds }: WallTime): number | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  const isReal = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isReal || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return Date.UTC(year, month - 1, day, hours, minutes, seconds, milliseconds);
}

function toOffsetMs(offset: string): number | undefined {
  if (offset.toUpperCase() === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  // UTC+14 (Kiribati) is the largest offset there is.
  if (hours > 14 || minutes > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
