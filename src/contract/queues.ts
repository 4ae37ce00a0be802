/** Queues as `vambe queues`, `vambe pause`, `vambe resume` and `vambe drain` give them with `--json`. */
import * as z from 'zod';
import type { QueueReport } from '../services/observe/queues.ts';
import { count, list, moment, trouble } from './pieces.ts';

export const queueReport = z.strictObject({
  name: z.string(),
  waiting: count,
  running: count,
  /** Waiting for a moment: a countdown or a further attempt. */
  delayed: count,
  /** More than 10,000 count as 10,001. */
  failed: count,
  oldest_waiting_at: moment.nullable(),
  /** All null: it was paused with BullMQ's own tools. */
  paused: z
    .strictObject({ reason: z.string().nullable(), since: moment.nullable(), until: moment.nullable() })
    .nullable(),
}) satisfies z.ZodType<QueueReport>;

/** `vambe queues`. */
export const queuesDocument = z.strictObject({ success: z.literal(true), queues: list(queueReport) });

export function toQueuesDocument(queues: readonly QueueReport[]): z.infer<typeof queuesDocument> {
  return { success: true, queues };
}

/** `vambe pause`. */
export const pauseDocument = z.strictObject({
  success: z.literal(true),
  queue: z.string(),
  paused: z.literal(true),
  was_paused: z.boolean(),
  until: moment.nullable(),
  /** Jobs that a worker has; they go on. */
  running: count,
});

export function toPauseDocument(
  queue: string,
  { isNew, running, until }: { isNew: boolean; running: number; until: string | null },
): z.infer<typeof pauseDocument> {
  return { success: true, queue, paused: true, was_paused: !isNew, until, running };
}

/** `vambe resume`. */
export const resumeDocument = z.strictObject({
  success: z.literal(true),
  queue: z.string(),
  paused: z.literal(false),
  was_paused: z.boolean(),
});

export function toResumeDocument(queue: string, wasPaused: boolean): z.infer<typeof resumeDocument> {
  return { success: true, queue, paused: false, was_paused: wasPaused };
}

/** `vambe drain`. */
export const drainDocument = z.strictObject({ success: z.boolean(), ...trouble, queue: queueReport });

/** @param timeoutSeconds after which it was given up */
export function toDrainDocument(
  { queue, left }: { queue: QueueReport; left: number },
  timeoutSeconds: number | undefined,
): z.infer<typeof drainDocument> {
  if (left === 0) return { success: true, queue };
  const jobs = left === 1 ? '1 job is' : `${left} jobs are`;
  return { success: false, error: `${jobs} left after ${timeoutSeconds} s`, code: 'SOME_ITEMS_FAILED', queue };
}
