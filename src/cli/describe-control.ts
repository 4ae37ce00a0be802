/** Why something is paused or waits, in one sentence. */
import type { Pause } from '../core/queue/pauses.ts';

export function describeControl({ kind, name, reason, code, until }: Pause): string {
  const what = kind === 'schedule' ? `The schedule ${name}` : `The queue ${name}`;
  const end = until === null ? '' : ` until ${new Date(until).toISOString()}`;
  if (kind === 'provider') return `${what} waits${end}: ${reason} [${code}]`;
  return `${what} is paused${end}${reason === '' ? '' : `: ${reason}`}. "vambe resume ${name}" lets it go on.`;
}
