/** Moments as arguments. */
import { InvalidArgumentError } from 'commander';
import { parseMoment } from '../../core/moment.ts';

/** For `.option('--until <time>', '…', futureMoment)`: `30m`, `2h`, `2026-11-01`, `2026-11-01T09:30+01:00`; ISO 8601 in UTC. */
export function futureMoment(given: string): string {
  const nowMs = Date.now();
  const at = parseMoment(given, { nowMs, direction: 'future' });
  if (at === undefined)
    throw new InvalidArgumentError('It must be how long from now (30m, 2h, 1d) or a time such as 2026-11-01T09:30Z.');
  if (Date.parse(at) <= nowMs) throw new InvalidArgumentError(`It must be a moment to come, and ${at} is over.`);
  return at;
}

/** For `.option('--since <time>', '…', pastMoment)`: as `futureMoment`, `2h` meaning two hours ago. */
export function pastMoment(given: string): string {
  const at = parseMoment(given, { nowMs: Date.now(), direction: 'past' });
  if (at === undefined)
    throw new InvalidArgumentError('It must be how long ago (30m, 2h, 1d) or a time such as 2026-11-01T09:30Z.');
  return at;
}
