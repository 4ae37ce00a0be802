/** Tries what Redis refuses for a short while: a follow-up that cannot be sent must not keep its job's slot. */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/logger.ts';
import type { TaskMessage } from '../protocol/task-message.ts';

/** Undefined: the process stops, and another worker does it again. */
export type Attempted<T> = { readonly value: T } | { readonly refusal: Error } | undefined;

/** `list`: where it is pushed to, if it is pushed. */
export type Attempt = <T>(message: TaskMessage, work: () => Promise<T>, list?: string) => Promise<Attempted<T>>;

export interface Patience {
  readonly attempt: Attempt;
  /** From now on what is refused is not tried again. */
  hurry(): void;
  /** Gives up waiting for a server that does not answer. */
  stop(): void;
}

const tryAgainMs = 500;
/** For all follow-ups of one message together. */
const patienceMs = 10_000;
/** A list of another type, or one that is forbidden, is tried once a message after that. */
const refusedListMs = 60_000;

/** For a person who waits: what is refused is thrown. */
export const noPatience: Patience = {
  attempt: async (_message, work) => ({ value: await work() }),
  hurry: () => undefined,
  stop: () => undefined,
};

export function createPatience({ clock, log }: { clock: Clock; log: Log }): Patience {
  const refusedSinceMs = new WeakMap<TaskMessage, number>();
  const refusedUntilMs = new Map<string, number>();
  let isHurried = false;
  let isStopped = false;

  const isOver = (message: TaskMessage, list: string) => {
    const nowMs = clock.monotonicMs();
    const sinceMs = refusedSinceMs.get(message) ?? nowMs;
    refusedSinceMs.set(message, sinceMs);
    return isHurried || nowMs - sinceMs >= patienceMs || (refusedUntilMs.get(list) ?? 0) > nowMs;
  };

  const attempt: Attempt = async (message, work, list = '') => {
    for (let failures = 0; !isStopped; failures++) {
      try {
        const value = await work();
        refusedUntilMs.delete(list);
        return { value };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (isRefusal(error) && isOver(message, list)) {
          if (isLasting(error)) refusedUntilMs.set(list, clock.monotonicMs() + refusedListMs);
          return { refusal: error };
        }
        if (failures === 0) log.warn('celery.sending_waits', { task_id: message.id, error: error.message });
        await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
      }
    }
    return undefined;
  };

  return {
    attempt,
    hurry() {
      isHurried = true;
    },
    stop() {
      isStopped = true;
    },
  };
}

/** An answer that says no. Without an answer, or in a failover, all work waits for Redis anyway. */
function isRefusal({ name, message }: Error): boolean {
  return name === 'ReplyError' && !/^(READONLY|LOADING|MASTERDOWN|BUSY)\b/.test(message);
}

function isLasting({ message }: Error): boolean {
  return /^(WRONGTYPE|NOPERM)\b/.test(message);
}
