/** How many more messages the bridge may take, so that other workers find the rest in the lists. */
import type { Transition } from '../../core/lifecycle.ts';
import type { WakeSignal } from './wake-signal.ts';

/** Jobs that run plus as many that wait, as a multiple of the concurrency. */
const prefetchFactor = 2;
const maxBatch = 500;
const recheckMs = 1_000;

export interface RoomDeps {
  /** Jobs at a time. */
  concurrency(): number;
  /** Jobs that run here or wait in the queues with at least the priority of Celery's. */
  countBusy(): Promise<number>;
  readonly signal: WakeSignal;
}

export interface Room {
  /** Messages that may be taken now; 0 unless half of the concurrency is free, so that messages are accepted in batches. */
  free(): Promise<number>;
  /** Until enough jobs have ended, the signal is given, or a second has passed. */
  wait(): Promise<void>;
  /** Hears of every transition of a job, so it does nothing unless the bridge waits for room. */
  observe(transition: Pick<Transition, 'kind'>): void;
}

export function createRoom({ concurrency, countBusy, signal }: RoomDeps): Room {
  /** Jobs that must end before the busy jobs are counted again; 0: the bridge does not wait for room. */
  let endsUntilRoom = 0;
  return {
    async free() {
      const jobs = concurrency();
      const minBatch = Math.max(1, Math.floor(jobs / 2));
      const room = jobs * prefetchFactor - (await countBusy());
      if (room >= minBatch) return Math.min(room, maxBatch);
      endsUntilRoom = Math.min(minBatch - room, jobs);
      return 0;
    },
    async wait() {
      await signal.wait(recheckMs);
      endsUntilRoom = 0;
    },
    observe({ kind }) {
      if (endsUntilRoom === 0 || !endsAttempt(kind)) return;
      endsUntilRoom -= 1;
      if (endsUntilRoom === 0) signal.wake();
    },
  };
}

/** The attempt is over and its slot is free, also where another attempt follows. */
function endsAttempt(kind: Transition['kind']): boolean {
  return kind !== 'accepted' && kind !== 'started' && kind !== 'progress' && kind !== 'waiting';
}
