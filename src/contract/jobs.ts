/** Jobs as `vambe jobs`, `vambe retry`, `vambe cancel` and `vambe call` give them with `--json`. */
import * as z from 'zod';
import type { JobPage, JobWhole } from '../models/queries/jobs.ts';
import type { CancelAnswer, Cancelled } from '../services/jobs/cancel-jobs.ts';
import type { EndedJob, EnqueuedTask } from '../services/jobs/enqueue-task.ts';
import { isRetried, type RetriedJob, type RetryAnswer } from '../services/jobs/retry-jobs.ts';
import { count, list, moment } from './pieces.ts';

export const jobState = z.enum([
  'queued',
  'waiting',
  'processing',
  'retrying',
  'completed',
  'failed',
  'cancelled',
  'rejected',
]);

const summary = {
  row_id: z.string(),
  task_id: z.string(),
  task: z.string(),
  queue: z.string(),
  meeting_id: z.int().nullable(),
  state: jobState,
  origin: z.string(),
  /** Started so far, since it was accepted. */
  attempts: count,
  error_code: z.string().nullable(),
  worker: z.string().nullable(),
  accepted_at: moment,
  due_at: moment.nullable(),
  started_at: moment.nullable(),
  finished_at: moment.nullable(),
  /** Of the last attempt that ended. */
  duration_ms: z.number().nullable(),
};

export const jobSummary = z.strictObject(summary);

/** `vambe jobs`. */
export const jobListDocument = z.strictObject({
  success: z.literal(true),
  jobs: list(jobSummary),
  /** Give it as `--cursor` for the older jobs; null: there are none. */
  next_cursor: z.string().nullable(),
});

export function toJobListDocument({ jobs, nextCursor }: JobPage): z.infer<typeof jobListDocument> {
  return { success: true, jobs, next_cursor: nextCursor };
}

const attemptNote = z.strictObject({
  attempt: count,
  at: moment,
  code: z.string(),
  message: z.string(),
  due_at: moment.nullable(),
});

const change = z.strictObject({
  at: moment,
  actor: z.string(),
  action: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  reason: z.string().nullable(),
});

/** `vambe jobs TASK-ID`. */
export const jobDocument = z.strictObject({
  success: z.literal(true),
  job: z.strictObject({
    ...summary,
    parameters: z.record(z.string(), z.unknown()).readonly(),
    /** Attempts that failed, oldest first. */
    attempt_notes: list(attemptNote),
    error_message: z.string().nullable(),
    /** null while there is none. */
    result: z.unknown(),
    /** What a Celery producer sent beside the parameters; the raw message of a rejected job. */
    message: z.unknown(),
    priority: z.int(),
    /** How often it was handed to the queue again. */
    delivery: count,
    run_id: z.string().nullable(),
    /** It runs in a process of its own since a worker died while it ran. */
    alone: z.boolean(),
    changes: list(change),
  }),
});

export function toJobDocument(job: JobWhole): z.infer<typeof jobDocument> {
  return { success: true, job };
}

/** `--dry-run`, and a filter that no job fits. */
export const selectionDocument = z.strictObject({
  success: z.literal(true),
  matched: count,
  dry_run: z.boolean(),
  /** The first ten. */
  task_ids: list(z.string()),
});

const retryAnswer = z.enum([
  'reopened',
  'already-open',
  'already-completed',
  'sent-again',
  'follow-ups-sent',
  'follow-ups-refused',
  'too-large',
  'taken',
  'no-queue',
  'unknown',
]) satisfies z.ZodType<RetryAnswer>;

/** `vambe retry TASK-ID…`. */
export const retryDocument = z.strictObject({
  success: z.boolean(),
  reopened: count,
  jobs: list(z.strictObject({ task_id: z.string(), answer: retryAnswer })),
});

export function toRetryDocument(jobs: readonly RetriedJob[]): z.infer<typeof retryDocument> {
  const reopened = jobs.filter(({ answer }) => isRetried(answer)).length;
  return { success: reopened === jobs.length, reopened, jobs };
}

/** `vambe retry --filter`. */
export const retrySelectionDocument = z.strictObject({
  success: z.boolean(),
  matched: count,
  reopened: count,
  answers: z.partialRecord(retryAnswer, count),
});

export function toRetrySelectionDocument(
  matched: number,
  answers: Partial<Record<RetryAnswer, number>>,
): z.infer<typeof retrySelectionDocument> {
  const reopened = (answers.reopened ?? 0) + (answers['sent-again'] ?? 0);
  return { success: reopened === matched, matched, reopened, answers };
}

const cancelAnswer = z.enum([
  'stopped',
  'already-finished',
  'not-running',
  'worker-silent',
  'unknown',
]) satisfies z.ZodType<CancelAnswer>;

/** `vambe cancel TASK-ID…`. */
export const cancelDocument = z.strictObject({
  success: z.boolean(),
  cancelled: count,
  jobs: list(z.strictObject({ task_id: z.string(), answer: cancelAnswer })),
});

export function toCancelDocument(jobs: readonly Cancelled[]): z.infer<typeof cancelDocument> {
  const cancelled = jobs.filter(({ answer }) => answer !== 'already-finished' && answer !== 'unknown').length;
  return { success: cancelled === jobs.length, cancelled, jobs };
}

/** `vambe cancel --filter`. */
export const cancelSelectionDocument = z.strictObject({
  success: z.literal(true),
  matched: count,
  cancelled: count,
  answers: z.partialRecord(cancelAnswer, count),
});

export function toCancelSelectionDocument(
  matched: number,
  answers: Partial<Record<CancelAnswer, number>>,
): z.infer<typeof cancelSelectionDocument> {
  const cancelled = (answers.stopped ?? 0) + (answers['not-running'] ?? 0) + (answers['worker-silent'] ?? 0);
  return { success: true, matched, cancelled, answers };
}

/** `vambe call`. */
export const callDocument = z.strictObject({
  success: z.literal(true),
  task_id: z.string(),
  task: z.string(),
  is_new: z.boolean(),
});

export function toCallDocument({ taskId, task, isNew }: EnqueuedTask): z.infer<typeof callDocument> {
  return { success: true, task_id: taskId, task, is_new: isNew };
}

/** `vambe call --queue`: a Celery message is in its list. */
export const sentCallDocument = z.strictObject({
  success: z.literal(true),
  task_id: z.string(),
  task: z.string(),
  queue: z.string(),
});

/** `vambe call --wait`. */
export const callEndDocument = z.discriminatedUnion('success', [
  z.strictObject({ success: z.literal(true), task_id: z.string(), state: z.string(), result: z.unknown() }),
  z.strictObject({
    success: z.literal(false),
    task_id: z.string(),
    state: z.string(),
    error: z.string(),
    code: z.string().nullable(),
  }),
]);

export function toCallEndDocument(taskId: string, job: EndedJob): z.infer<typeof callEndDocument> {
  const { state, result, error_code: code, error_message: message } = job;
  if (state === 'completed') return { success: true, task_id: taskId, state, result };
  return { success: false, task_id: taskId, state, error: message ?? `the job was ${state}`, code };
}
