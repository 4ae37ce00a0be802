/** Why something is paused or waits, in one sentence. */
import { toIsoSeconds } from '../../core/moment.ts';
import type { Pause } from '../../core/queue/pauses.ts';

export function describeControl({ kind, name, reason, code, until }: Pause): string {
  const what = kind === 'schedule' ? `The schedule ${name}` : `The queue ${name}`;
  const end = until === null ? '' : ` until ${toIsoSeconds(until)}`;
  if (kind === 'provider') return `${what} waits${end}: ${reason} [${code}]`;
  const resume = kind === 'schedule' ? `vambe schedules resume ${name}` : `vambe resume ${name}`;
  return `${what} is paused${end}${reason === '' ? '' : `: ${reason}`}. "${resume}" lets it go on.`;
}
