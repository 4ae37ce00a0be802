/** What `vambe export` writes as JSON, and what it says of a file that it wrote. */
import * as z from 'zod';
import { meetingId, share } from './labels.ts';
import { list, moment } from './pieces.ts';

const text = z.string().nullable();

/** One meeting: labels are null where it has no classification, or where the text does not say. */
export const exportedMeeting = z.strictObject({
  meeting_id: meetingId,
  client_name: z.string(),
  client_email: text,
  seller_name: z.string(),
  meeting_at: moment,
  closed: z.boolean(),
  classification_id: z.int().nullable(),
  business_sector: text,
  company_size: text,
  region: text,
  lead_source: text,
  vambe_product: text,
  use_case: text,
  primary_pain_point: text,
  urgency: z.boolean().nullable(),
  decision_maker_role: text,
  purchase_stage: text,
  language: text,
  sentiment: text,
  lost_client_bad_meeting: z.boolean().nullable(),
  categories: list(z.string()).nullable(),
  /** By field id: fields of the taxonomy that have no column of their own. */
  other_fields: z.record(z.string(), z.unknown()).nullable(),
  confidence_score: share.nullable(),
  key_topics: list(z.string()).nullable(),
  action_items: list(z.string()).nullable(),
  next_steps: text,
  summary: text,
  model_used: text,
  processed_at: moment.nullable(),
  processing_time_ms: z.number().nullable(),
  classification_created_at: moment.nullable(),
  classification_updated_at: moment.nullable(),
  /** Fields that a person corrected; null: no classification. */
  reviewed_fields: list(z.string()).nullable(),
  /** By field id, without the reviewed ones; null where another worker classified the meeting. */
  confidence_by_field: z.record(z.string(), share).nullable(),
  transcript: text,
});

/** The whole of `--format json`; a line of `--format jsonl` is one of its meetings. */
export const exportDocument = list(exportedMeeting);

export const exportFileDocument = z.strictObject({
  success: z.literal(true),
  file: z.string(),
  format: z.enum(['csv', 'jsonl', 'json', 'archive', 'eval']),
  meetings: z.int(),
});

export type ExportFileDocument = z.infer<typeof exportFileDocument>;
