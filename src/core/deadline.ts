/** Waits for work no longer than a limit. */
import { AppError } from './errors.ts';

const late = Symbol('late');

/** Whether `work` ended, well or badly, within the limit; it is not stopped, and its failure is ignored. */
export async function endsWithin(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  const settled = work.catch(() => undefined);
  return (await raceWithTimer(settled, limitMs)) !== late;
}

/**
 * What a call of Redis answers. A call that is late is not stopped, and its failure is ignored.
 * @throws AppError REDIS_UNREACHABLE that names the operation and the limit
 */
export async function withDeadline<T>(work: Promise<T>, limitMs: number, operation: string): Promise<T> {
  // Else a failure after the limit would be an unhandled rejection.
  work.catch(() => undefined);
  const answer = await raceWithTimer(work, limitMs);
  if (answer === late)
    throw new AppError('REDIS_UNREACHABLE', `Redis did not answer within ${limitMs} ms while ${operation}.`);
  return answer;
}

async function raceWithTimer<T>(work: Promise<T>, limitMs: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), limitMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The moment until which a stop lets work go on. It may come nearer: a second signal shortens it. */
export interface Deadline {
  /** Milliseconds that are left; 0 or less: it is over. */
  leftMs(): number;
  /** Brings it to so many milliseconds from now, unless it is nearer already. */
  shortenTo(ms: number): void;
}

export function createDeadline(ms: number, now: () => number = () => performance.now()): Deadline {
  let endMs = now() + ms;
  return {
    leftMs: () => endMs - now(),
    shortenTo(each) {
      endMs = Math.min(endMs, now() + each);
    },
  };
}
