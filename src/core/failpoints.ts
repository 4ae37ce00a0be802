/** Failpoints: named places where a test can make its process pause, block, throw or kill itself. */
import { AppError } from './errors.ts';

/**
 * In the order in which a job passes them: row committed and not enqueued · read · answered · committed and nothing of it in
 * Redis · published and BullMQ not told · BullMQ told.
 */
export const failpointNames = ['accepted', 'taken', 'asked', 'saved', 'published', 'acked'] as const;
export type FailpointName = (typeof failpointNames)[number];

const actions = ['kill', 'throw', 'throw-later', 'pause', 'block'] as const;
type Action = (typeof actions)[number];

export interface Failpoint {
  readonly name: FailpointName;
  readonly action: Action;
  /** Of `pause` (this job waits) and `block` (the whole process is blocked). */
  readonly durationMs: number;
  /** Only at this pass, counted from 1; null: at each pass. */
  readonly pass: number | null;
}

type Work<Given extends unknown[], Result> = (...given: Given) => Promise<Result>;

/** Returns the same function where no action is set, so that a process without FAILPOINTS has no cost. */
export interface Failpoints {
  before<Given extends unknown[], Result>(name: FailpointName, work: Work<Given, Result>): Work<Given, Result>;
  /** `applies` unset: at every call. */
  after<Given extends unknown[], Result>(
    name: FailpointName,
    work: Work<Given, Result>,
    applies?: (...given: Given) => boolean,
  ): Work<Given, Result>;
  /** For a place that is not the end of a function; undefined where no action is set. */
  at(name: FailpointName): (() => Promise<void>) | undefined;
}

/** Reads FAILPOINTS, `taken=kill@3,asked=pause:2000`. @throws AppError SETTINGS_INVALID */
export function parseFailpoints(text: string | null): readonly Failpoint[] {
  const parts = (text ?? '').split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').map(parseFailpoint);
}

function parseFailpoint(part: string): Failpoint {
  const [, name, action, durationMs, pass] = /^([a-z]+)=([a-z-]+)(?::(\d+))?(?:@(\d+))?$/.exec(part) ?? [];
  const known = failpointNames.find((each) => each === name);
  const does = actions.find((each) => each === action);
  if (known && does) {
    return { name: known, action: does, durationMs: Number(durationMs ?? 0), pass: pass ? Number(pass) : null };
  }
  const form = 'name=action, name=action:milliseconds or name=action@pass';
  throw new AppError(
    'SETTINGS_INVALID',
    `FAILPOINTS has "${part}", expected ${form} with a name of ${failpointNames.join(', ')} and an action of ${actions.join(', ')}.`,
  );
}

export function createFailpoints(failpoints: readonly Failpoint[]): Failpoints {
  const at: Failpoints['at'] = (name) => {
    const here = failpoints.filter((each) => each.name === name);
    if (here.length === 0) return undefined;
    let passes = 0;
    return async () => {
      passes += 1;
      for (const each of here) if (each.pass === null || each.pass === passes) await happen(each);
    };
  };
  return {
    at,
    before(name, work) {
      const pass = at(name);
      if (!pass) return work;
      return async (...given) => {
        await pass();
        return work(...given);
      };
    },
    after(name, work, applies = () => true) {
      const pass = at(name);
      if (!pass) return work;
      return async (...given) => {
        const result = await work(...given);
        if (applies(...given)) await pass();
        return result;
      };
    },
  };
}

async function happen({ name, action, durationMs }: Failpoint): Promise<void> {
  const words = `The failpoint "${name}" throws, as FAILPOINTS says.`;
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'throw':
      throw new Error(words);
    case 'throw-later':
      setTimeout(() => {
        throw new Error(words);
      });
      return;
    case 'pause':
      await new Promise((resolve) => setTimeout(resolve, durationMs));
      return;
    case 'block':
      // Blocks the event loop, as a long computation would.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
  }
}
