/** What `vambe classify --json` says. */
import * as z from 'zod';
import type { ClassifiedTranscript } from '../services/meetings/classify-transcript.ts';
import type { DryRun } from '../services/meetings/dry-run.ts';
import type { RequestedClassifications } from '../services/meetings/request-classification.ts';
import type { EndCounts, EndedClassification } from '../services/meetings/wait-for-classifications.ts';
import { cost, evidence, fieldChanges, fieldValue, meetingId, share, toCost, toFieldChanges } from './labels.ts';
import { list } from './pieces.ts';

/** Jobs that were accepted. */
export const queuedDocument = z.strictObject({
  success: z.boolean(),
  /** New jobs. */
  accepted: z.int(),
  /** Meetings whose open job of an earlier request is listed; no further job was made for them. */
  already_queued: z.int(),
  jobs: list(z.strictObject({ meeting_id: meetingId, task_id: z.string() })),
  /** Ids that are no meetings. */
  unknown: list(meetingId),
});

export function toQueuedDocument({ jobs, unknown }: RequestedClassifications): z.infer<typeof queuedDocument> {
  const queued = jobs.map(({ meetingId, taskId }) => ({ meeting_id: meetingId, task_id: taskId }));
  const accepted = jobs.filter(({ isNew }) => isNew).length;
  const already_queued = jobs.length - accepted;
  return { success: unknown.length === 0, accepted, already_queued, jobs: queued, unknown };
}

/** Jobs that were waited for. */
export const endedDocument = z.strictObject({
  success: z.boolean(),
  accepted: z.int(),
  completed: z.int(),
  unchanged: z.int(),
  failed: z.int(),
  unknown: list(meetingId),
  results: list(
    z.strictObject({
      task_id: z.string(),
      meeting_id: meetingId,
      state: z.enum(['completed', 'failed', 'cancelled', 'rejected', 'queued', 'retrying']),
      error_code: z.string().nullable(),
      error_message: z.string().nullable(),
      unchanged: z.boolean(),
      /** By column; null: the meeting has no classification. */
      labels: z.record(z.string(), z.unknown()).nullable(),
      confidence_score: share.nullable(),
    }),
  ),
});

export function toEndedDocument(
  { jobs, unknown }: RequestedClassifications,
  ended: readonly EndedClassification[],
  counts: EndCounts,
): z.infer<typeof endedDocument> {
  return {
    success: counts.failed === 0 && unknown.length === 0,
    accepted: jobs.length,
    completed: counts.completed,
    unchanged: counts.unchanged,
    failed: counts.failed,
    unknown,
    results: ended.map(({ row_id: _, ...rest }) => rest),
  };
}

/** What would change; nothing was written. */
export const dryRunDocument = z.strictObject({
  success: z.boolean(),
  dry_run: z.literal(true),
  classifier: z.string(),
  model: z.string(),
  taxonomy_version: z.string(),
  meetings: z.int(),
  unclassified: z.int(),
  changed: z.int(),
  fields: list(fieldChanges),
  fields_gone: list(z.string()),
  cost,
  unknown: list(meetingId),
});

export function toDryRunDocument(run: DryRun): z.infer<typeof dryRunDocument> {
  return {
    success: run.unknown.length === 0,
    dry_run: true,
    classifier: run.classifier,
    model: run.model,
    taxonomy_version: run.taxonomyVersion,
    meetings: run.report.meetings,
    unclassified: run.report.unclassified,
    changed: run.report.changed,
    fields: toFieldChanges(run.report.fields),
    fields_gone: run.report.gone,
    cost: toCost(run.cost),
    unknown: run.unknown,
  };
}

/** A bare transcript, classified at once. */
export const transcriptDocument = z.strictObject({
  success: z.literal(true),
  classifier: z.string(),
  model: z.string(),
  taxonomy_version: z.string(),
  fields: z.record(
    z.string(),
    z.strictObject({
      value: fieldValue,
      confidence: share,
      evidence: list(evidence),
      /** What a model gave that is no value of the taxonomy, shortened. */
      raw: z.string().optional(),
    }),
  ),
  key_topics: list(z.string()),
  action_items: list(z.string()),
  next_steps: z.string().nullable(),
  summary: z.string().nullable(),
  confidence: share,
  truncated: z.boolean(),
  needs_review: z.boolean(),
  /** Absent: the confidence alone. */
  review_reason: z.literal('speakers_unknown').optional(),
  duration_ms: z.number(),
});

export function toTranscriptDocument(classified: ClassifiedTranscript): z.infer<typeof transcriptDocument> {
  const { answer } = classified;
  return {
    success: true,
    classifier: classified.classifier,
    model: classified.model,
    taxonomy_version: classified.taxonomyVersion,
    fields: answer.fields,
    key_topics: answer.keyTopics,
    action_items: answer.actionItems,
    next_steps: answer.nextSteps,
    summary: answer.summary,
    confidence: answer.confidence,
    truncated: answer.truncated,
    needs_review: answer.needsReview,
    ...(answer.reviewReason === undefined ? {} : { review_reason: answer.reviewReason }),
    duration_ms: Number(classified.durationMs.toFixed(3)),
  };
}
