/** Waits until a queue has no job left that is queued or being processed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import { listWorkers } from '../../core/queue/presence.ts';
import { type QueueDeps, type QueueReport, readQueues, requireName } from './queues.ts';

const lookEveryMs = 500;

export interface DrainRequest {
  readonly queue: string;
  /** null: no limit. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal;
  /** After each look that found jobs. `hasWorker`: a worker took from the queue when the drain began. */
  onLook?(look: { readonly queue: QueueReport; readonly left: number; readonly hasWorker: boolean }): void;
}

/** `left` is 0 when it is drained. Changes nothing. @throws AppError NOT_FOUND, REDIS_UNREACHABLE, DATABASE_*; AbortError */
export async function drainQueue(
  deps: QueueDeps,
  { queue: given, timeoutMs, signal, onLook }: DrainRequest,
): Promise<{ readonly queue: QueueReport; readonly left: number }> {
  const name = requireName('queue', given, deps.queues.names);
  const hasWorker = (await listWorkers(deps.redis, deps.clock)).some(({ queues }) => queues.includes(name));
  const untilMs = timeoutMs === null ? Number.POSITIVE_INFINITY : deps.clock.monotonicMs() + timeoutMs;
  for (;;) {
    const [queue] = await readQueues(deps, [name]);
    if (queue === undefined) throw new AppError('BUG', 'One queue was looked at, and no report came.');
    const left = countLeft(queue);
    if (left === 0 || deps.clock.monotonicMs() >= untilMs) return { queue, left };
    onLook?.({ queue, left, hasWorker });
    await sleep(lookEveryMs, undefined, { signal });
  }
}

/** A paused queue starts nothing, so only what runs is waited for. */
export function countLeft({ waiting, running, paused }: Pick<QueueReport, 'waiting' | 'running' | 'paused'>): number {
  return paused === null ? waiting + running : running;
}
