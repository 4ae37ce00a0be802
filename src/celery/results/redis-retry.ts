/** Repeats what Redis refuses for a short while. A follow-up that cannot be sent must not keep the slot of its job. */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log/logger.ts';
import type { TaskMessage } from '../protocol/task-message.ts';

/** Undefined: the process stops, and another worker repeats the end of the job. */
export type Attempted<T> = { readonly value: T } | { readonly refusal: Error } | undefined;

/** `list`: key of the list that the work pushes to, if it pushes. */
export type Attempt = <T>(message: TaskMessage, work: () => Promise<T>, list?: string) => Promise<Attempted<T>>;

export interface RedisRetry {
  readonly attempt: Attempt;
  /** From now on, what is refused is not repeated. */
  stopRetrying(): void;
  /** From now on, a server that does not answer is not waited for either. */
  stop(): void;
}

const retryMs = 500;
/** For all follow-ups of one message together. */
const maxRetryMs = 10_000;
/** A list of another type, or one that is forbidden, is then tried once per message for this long. */
const refusedListMs = 60_000;

/** For a command of a person, who waits for it: what Redis refuses is thrown. */
export const noRetry: RedisRetry = {
  attempt: async (_message, work) => ({ value: await work() }),
  stopRetrying: () => undefined,
  stop: () => undefined,
};

export function createRedisRetry({ clock, log }: { clock: Clock; log: Log }): RedisRetry {
  const refusedSinceMs = new WeakMap<TaskMessage, number>();
  const refusedUntilMs = new Map<string, number>();
  let isRetrying = true;
  let isStopped = false;

  const isOver = (message: TaskMessage, list: string) => {
    const nowMs = clock.monotonicMs();
    const sinceMs = refusedSinceMs.get(message) ?? nowMs;
    refusedSinceMs.set(message, sinceMs);
    return !isRetrying || nowMs - sinceMs >= maxRetryMs || (refusedUntilMs.get(list) ?? 0) > nowMs;
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
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return undefined;
  };

  return {
    attempt,
    stopRetrying() {
      isRetrying = false;
    },
    stop() {
      isStopped = true;
    },
  };
}

/** Redis answered no. Without an answer, or during a failover, all work waits for Redis anyway. */
function isRefusal({ name, message }: Error): boolean {
  return name === 'ReplyError' && !/^(READONLY|LOADING|MASTERDOWN|BUSY)\b/.test(message);
}

function isLasting({ message }: Error): boolean {
  return /^(WRONGTYPE|NOPERM)\b/.test(message);
}
