/** Clocks and dates at the start or end of a line: "[00:12]", "12/8/24, 10:30 p. m. -", "(0m 12s)". */

const clock = String.raw`\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:\s?[AaPp]\.?\s?[Mm]\b\.?)?`;
const day = String.raw`(?:\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|\p{L}{3,10}\.? \d{1,2},? \d{4})`;
const spent = String.raw`(?:\d{1,2}\s?h\s?)?\d{1,3}\s?m(?:in)?\s?(?:\d{1,2}\s?s(?:eg)?)?|\d{1,6}(?:\.\d+)?\s?s(?:eg)?`;
const range = String.raw`(?:\s*(?:-->|->|→|[-–—])\s*${clock})?`;
const moment = String.raw`(?:${day}(?:,?\s+(?:-\s+|a las |at )?|T))?${clock}Z?${range}`;
const stamp = new RegExp(
  String.raw`(?:[[(<{]\s*(?:${moment}|${day}|${spent})\s*[\])>}]|[[(<{]?(?:${moment})(?![\d%]|:\d))`,
  'uy',
);
const hasDay = /\d[/.-]\d{1,2}[/.-]\d|\p{L}{3}.*\d{4}/u;
const parts = /(\d{1,3}):(\d{2})(?::(\d{2}))?(?:[.,](\d{1,3}))?(?:\s?([AaPp])\.?\s?[Mm])?/;

export interface Stamp {
  /** Offset after it. */
  readonly end: number;
  /** undefined: a date or a duration without a clock. */
  readonly startMs: number | undefined;
}

/** The clock or date that starts at an offset. */
export function stampAt(text: string, at: number): Stamp | undefined {
  stamp.lastIndex = at;
  const found = stamp.exec(text);
  return found === null ? undefined : { end: stamp.lastIndex, startMs: readClock(found[0]) };
}

/** Milliseconds of the first clock in a piece of text. */
export function readClock(written: string): number | undefined {
  const [whole, first = '0', second = '0', third, fraction = '', half = ''] = parts.exec(written) ?? [];
  if (whole === undefined) return undefined;
  // After a date "10:30" is a time of day, else 10 minutes and 30 seconds.
  const hasHours = third !== undefined || half !== '' || hasDay.test(written);
  const hours = hasHours ? Number(first) + (half.toLowerCase() === 'p' && Number(first) < 12 ? 12 : 0) : 0;
  const minutes = Number(hasHours ? second : first);
  const seconds = Number(hasHours ? (third ?? 0) : second);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number(fraction.padEnd(3, '0'));
}
