/** A meeting as `vambe show --json` and `vambe review --json` give it. */
import * as z from 'zod';
import type { ReviewedMeeting } from '../services/meetings/review-meeting.ts';
import type { ShownMeeting } from '../services/meetings/show-meeting.ts';
import { jobSummary } from './jobs.ts';
import { evidence, fieldValue, meetingId, share } from './labels.ts';
import { list, moment } from './pieces.ts';

const label = z.strictObject({
  value: fieldValue,
  /** null: it was not measured, as with a person's or another worker's label. */
  confidence: share.nullable(),
  evidence: list(evidence),
  is_corrected: z.boolean(),
  /** What the classifier had answered; only where a person corrected it. */
  answered: fieldValue.optional(),
});

const run = z.strictObject({
  run_id: z.string(),
  task_id: z.string().nullable(),
  classifier: z.string(),
  model: z.string(),
  taxonomy_version: z.string(),
  confidence: share,
  truncated: z.boolean(),
  needs_review: z.boolean(),
  started_at: moment,
  duration_ms: z.number(),
});

const review = z.strictObject({
  field: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  reviewer: z.string(),
  reason: z.string().nullable(),
  reviewed_at: moment,
});

export const meetingDocument = z.strictObject({
  success: z.literal(true),
  meeting: z.strictObject({
    id: meetingId,
    client: z.strictObject({
      id: z.int(),
      name: z.string(),
      email: z.string().nullable(),
      phone: z.string().nullable(),
    }),
    seller: z.strictObject({ id: z.int(), name: z.string(), email: z.string() }),
    meeting_at: moment,
    closed: z.boolean(),
    transcript: z.string().nullable(),
  }),
  /** null: the meeting has none. */
  classification: z
    .strictObject({
      confidence_score: share,
      key_topics: list(z.string()),
      action_items: list(z.string()),
      next_steps: z.string().nullable(),
      summary: z.string().nullable(),
      model_used: z.string(),
      processed_at: moment,
      processing_time_ms: z.number().nullable(),
      /** This and the next two are null where another worker classified the meeting. */
      run_id: z.string().nullable(),
      truncated: z.boolean().nullable(),
      needs_review: z.boolean().nullable(),
      fields: z.record(z.string(), label),
    })
    .nullable(),
  /** Each newest first. */
  history: z.strictObject({ jobs: list(jobSummary), runs: list(run), reviews: list(review) }),
});

export function toMeetingDocument(shown: ShownMeeting): z.infer<typeof meetingDocument> {
  const { meeting, jobs, runs, reviews } = shown;
  const { id, client, seller, meeting_at, closed, transcript } = meeting;
  return {
    success: true,
    meeting: { id, client, seller, meeting_at: meeting_at.toISOString(), closed, transcript },
    classification: toClassification(shown),
    history: {
      jobs,
      runs: runs.map(({ started_at, ...rest }) => ({ ...rest, started_at: started_at.toISOString() })),
      reviews: reviews.map(({ reviewed_at, ...rest }) => ({ ...rest, reviewed_at: reviewed_at.toISOString() })),
    },
  };
}

function toClassification({ meeting, labels }: ShownMeeting): z.infer<typeof meetingDocument>['classification'] {
  if (meeting.classification === null) return null;
  const { columns: _, processed_at, processing_time_ms, ...rest } = meeting.classification;
  return {
    ...rest,
    processed_at: processed_at.toISOString(),
    processing_time_ms,
    run_id: meeting.run_id,
    truncated: meeting.truncated,
    needs_review: meeting.needs_review,
    fields: Object.fromEntries(
      labels.map(({ field, value, confidence, evidence, isCorrected, answered }) => [
        field,
        { value, confidence, evidence, is_corrected: isCorrected, ...(isCorrected ? { answered } : {}) },
      ]),
    ),
  };
}

export const reviewDocument = z.strictObject({
  success: z.literal(true),
  meeting_id: meetingId,
  corrections: list(z.strictObject({ field: z.string(), before: z.unknown(), after: z.unknown() })),
});

export function toReviewDocument({ meetingId, corrections }: ReviewedMeeting): z.infer<typeof reviewDocument> {
  return { success: true, meeting_id: meetingId, corrections };
}
