/** Moments as people write them: a date, a date and time, or a distance from now. */

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** A time without a zone is UTC: local time would make one command mean two moments on two machines. */
const written = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * The moment of `2026-11-01`, `2026-11-01T09:30+02:00` or `2d` (s, m, h, d, w before or after `nowMs`, as `direction` says), ISO
 * 8601; undefined for anything else.
 */
export function parseMoment(
  given: string,
  { nowMs, direction }: { nowMs: number; direction: 'past' | 'future' },
): string | undefined {
  const [, amount, unit] = /^(\d{1,6})([smhdw])$/.exec(given) ?? [];
  if (amount !== undefined && unit !== undefined) {
    const distanceMs = Number(amount) * (unitMs[unit] ?? 0);
    return isoOf(direction === 'past' ? nowMs - distanceMs : nowMs + distanceMs);
  }
  const [, date, time, zone = 'Z'] = written.exec(given) ?? [];
  if (date === undefined) return undefined;
  // Date.parse takes 30 February for a day in March.
  if (isoOf(Date.parse(date))?.startsWith(date) !== true) return undefined;
  return isoOf(Date.parse(time === undefined ? date : `${date}T${time}${zone}`));
}

/** Years that PostgreSQL and people write with four digits. */
function isoOf(ms: number): string | undefined {
  const at = new Date(ms);
  const year = at.getUTCFullYear();
  return year >= 1900 && year <= 9999 ? at.toISOString() : undefined;
}

/** `2026-11-01T09:30:00Z`: without the milliseconds, for a sentence. */
export function toIsoSeconds(at: string): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
