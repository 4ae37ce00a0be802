/** Durations in words for people; data carries milliseconds. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `12 ms`, `1.4 s`, `2 min 3 s`, `3 h 5 min`, `2 d 4 h`. */
export function describeDuration(ms: number): string {
  if (ms < second) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * second) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return pair(ms, [minute, 'min'], [second, 's']);
  if (ms < day) return pair(ms, [hour, 'h'], [minute, 'min']);
  return pair(ms, [day, 'd'], [hour, 'h']);
}

function pair(ms: number, [largeMs, large]: [number, string], [smallMs, small]: [number, string]): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}
