/** Moments and durations in words for people; data carries ISO 8601 and milliseconds. */
import { toIsoSeconds } from '../../core/moment.ts';

export { describeDuration } from '../../core/durations.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** The unit below, and the largest count that is said in it: `59 s`, then `1 min`. */
const units = [
  { ms: second, most: 59, word: 's' },
  { ms: minute, most: 59, word: 'min' },
  { ms: hour, most: 23, word: 'h' },
  { ms: day, most: Number.POSITIVE_INFINITY, word: 'd' },
] as const;

/** `5 min ago`, `in 2 h`, to the nearest unit; `now` within a second. */
export function describeMoment(atMs: number, nowMs: number): string {
  const distanceMs = Math.abs(nowMs - atMs);
  if (distanceMs < second) return 'now';
  const words = roundedDistance(distanceMs);
  return atMs > nowMs ? `in ${words}` : `${words} ago`;
}

/** What began at this moment has lasted `6 s`. */
export function describeAge(sinceMs: number, nowMs: number): string {
  return roundedDistance(Math.max(0, nowMs - sinceMs));
}

/** `14:30 (in 2 h)`, with the date where it is another day; the time zone is this machine's. */
export function describeLocalMoment(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const isToday = at.toDateString() === new Date(nowMs).toDateString();
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const date = isToday
    ? ''
    : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}, `;
  return `${date}${time} (${describeMoment(atMs, nowMs)})`;
}

function roundedDistance(ms: number): string {
  for (const { ms: unitMs, most, word } of units) {
    const count = Math.round(ms / unitMs);
    if (count <= most) return `${count} ${word}`;
  }
  return '';
}

/** The end of a pause in a sentence: local time for a person, ISO 8601 elsewhere. */
export function describeEnd({ isTerminal }: { readonly isTerminal: boolean }, at: string, nowMs: number): string {
  return isTerminal ? describeLocalMoment(Date.parse(at), nowMs) : toIsoSeconds(at);
}
