/** Turns a wall-clock time of a time zone into an instant. */
import { AppError } from '../../../core/errors.ts';

/** UTC milliseconds of a wall-clock time, which is given as if it were UTC. */
export type ToInstant = (wallMs: number) => number;

const dayMs = 24 * 3600 * 1000;

/**
 * A function for one IANA time zone. Where a clock change makes a wall time ambiguous the earlier instant is taken;
 * where it skips the wall time (in Chile, midnight of a Sunday in September) the clock's change is added.
 * Throws SETTINGS_INVALID when there is no such zone.
 */
export function createToInstant(timeZone: string): ToInstant {
  const clock = createClock(timeZone);
  if (clock.resolvedOptions().timeZone === 'UTC') return (wallMs) => wallMs;
  const offsetMs = (instantMs: number): number => {
    const parts = new Map(clock.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wallMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wallMs - Math.floor(instantMs / 1000) * 1000;
  };
  return (wallMs) => {
    // The offsets of a day earlier and a day later are the only two that can hold at this wall time.
    const before = offsetMs(wallMs - dayMs);
    const after = offsetMs(wallMs + dayMs);
    const earlier = wallMs - Math.max(before, after);
    const later = wallMs - Math.min(before, after);
    const fits = [earlier, later].find((instantMs) => instantMs + offsetMs(instantMs) === wallMs);
    return fits ?? wallMs - before;
  };
}

function createClock(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    const message = `IMPORT_TIMEZONE must be an IANA time zone such as America/Santiago or UTC, got "${timeZone}".`;
    throw new AppError('SETTINGS_INVALID', message, { cause });
  }
}
