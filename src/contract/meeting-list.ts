/** What `vambe meetings --json` and `vambe stats labels --json` say. */
import * as z from 'zod';
import type { LabelStats, MeetingPage } from '../services/meetings/list-meetings.ts';
import { meetingId, share } from './labels.ts';
import { list, moment } from './pieces.ts';

export const meetingListDocument = z.strictObject({
  success: z.literal(true),
  meetings: list(
    z.strictObject({
      id: meetingId,
      client_name: z.string(),
      client_email: z.string().nullable(),
      seller_name: z.string(),
      meeting_at: moment,
      closed: z.boolean(),
      classified: z.boolean(),
      confidence: share.nullable(),
      needs_review: z.boolean(),
      corrected_fields: list(z.string()),
      /** By field id; null: the text does not say. Empty: not classified. */
      labels: z.record(z.string(), z.unknown()),
    }),
  ),
  /** Of all that fit; null: more than 10,000. */
  total: z.int().nullable(),
  /** Give it as `--cursor` for the older ones; null: there are none. */
  next_cursor: meetingId.nullable(),
});

export function toMeetingListDocument({
  meetings,
  total,
  nextCursor,
}: MeetingPage): z.infer<typeof meetingListDocument> {
  const rows = meetings.map((meeting) => ({ ...meeting, meeting_at: meeting.meeting_at.toISOString() }));
  return { success: true, meetings: rows, total, next_cursor: nextCursor };
}

export const labelStatsDocument = z.strictObject({
  success: z.literal(true),
  meetings: z.int(),
  classified: z.int(),
  fields: list(
    z.strictObject({
      field: z.string(),
      /** Meetings of which the text does not say. */
      not_said: z.int(),
      corrected: z.int(),
      /** Of the answers with a value that no person gave; null: there are none. */
      mean_confidence: share.nullable(),
      /** Commonest first; a meeting with several values of a list is counted under each. */
      values: list(z.strictObject({ value: z.string(), meetings: z.int(), closed: z.int() })),
    }),
  ),
});

export function toLabelStatsDocument({ meetings, classified, fields }: LabelStats): z.infer<typeof labelStatsDocument> {
  return {
    success: true,
    meetings,
    classified,
    fields: fields.map(({ notSaid, meanConfidence, ...rest }) => ({
      ...rest,
      not_said: notSaid,
      mean_confidence: meanConfidence,
    })),
  };
}
