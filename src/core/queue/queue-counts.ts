/** Reads what BullMQ has in the queues now. */
import type { Queues } from './queues.ts';

export interface QueueCounts {
  readonly name: string;
  readonly waiting: number;
  /** Due later: a countdown or a retry. The next runs of schedules are not counted. */
  readonly delayed: number;
  /** Handed to workers. */
  readonly active: number;
  readonly is_paused: boolean;
}

/** @throws AppError BUG for a name that is not among the queues */
export async function countQueue(queues: Queues, name: string): Promise<QueueCounts> {
  const queue = queues.get(name);
  const [counts, schedules, isPaused] = await Promise.all([
    queue.getJobCounts('wait', 'prioritized', 'delayed', 'active'),
    queue.getJobSchedulersCount(),
    queue.isPaused(),
  ]);
  return {
    name,
    waiting: (counts.wait ?? 0) + (counts.prioritized ?? 0),
    delayed: Math.max(0, (counts.delayed ?? 0) - schedules),
    active: counts.active ?? 0,
    is_paused: isPaused,
  };
}

/** Priorities of messages that a sender waits for. Bulk work has a lower priority, so it does not count. */
const urgent = [1, 4, 7, 10];

/** Jobs that wait in a queue with one of these priorities. @throws AppError BUG for a name that is not among the queues */
export async function countWaiting(queues: Queues, name: string): Promise<number> {
  const counts = await queues.get(name).getCountsPerPriority(urgent);
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `delayed`: due later · `prioritized`: waits for a free slot (every job has a priority) · `active`: taken by a worker. */
export type QueuedState = 'delayed' | 'prioritized' | 'active';

export interface QueuedEntry {
  readonly rowId: string;
  /** When it may start, milliseconds since 1970; shown where its row names no moment. */
  readonly dueMs: number;
  /** Name of the worker that took it last, if any. */
  readonly worker: string | undefined;
}

/** Jobs of a queue in one state, first come first; runs of schedules without a row are left out. */
export async function listQueuedJobs(
  queues: Queues,
  { name, state, limit }: { name: string; state: QueuedState; limit: number },
): Promise<readonly QueuedEntry[]> {
  const jobs = await queues.get(name).getJobs([state], 0, limit - 1, true);
  return jobs.flatMap((job) =>
    // BullMQ returns undefined for a job that was removed meanwhile.
    job?.data?.id === undefined
      ? []
      : [{ rowId: job.data.id, dueMs: job.timestamp + (job.delay ?? 0), worker: job.processedBy }],
  );
}
