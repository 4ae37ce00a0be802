/** What `vambe up --json` says when its first batch has ended. */
import * as z from 'zod';
import type { Overview } from '../services/meetings/summarise-meetings.ts';
import { share } from './labels.ts';
import { list } from './pieces.ts';

export const summaryDocument = z.strictObject({
  success: z.literal(true),
  meetings: z.int(),
  classified: z.int(),
  without_transcript: z.int(),
  failed_jobs: z.int(),
  mean_confidence: share,
  /** Commonest labels by column. */
  columns: z.record(z.string(), list(z.strictObject({ value: z.string(), meetings: z.int() }))),
});

export function toSummaryDocument(summary: Overview): z.infer<typeof summaryDocument> {
  return { success: true, ...summary };
}
