/** What `vambe shadow --json` says; shares run from 0 to 1. */
import * as z from 'zod';
import type { ShadowReport } from '../services/evaluation/shadow.ts';
import { cost, fieldChanges, latency, meetingId, share, toCost, toFieldChanges } from './labels.ts';
import { list } from './pieces.ts';

export const shadowDocument = z.strictObject({
  success: z.boolean(),
  classifier: z.string(),
  model: z.string(),
  taxonomy_version: z.string(),
  rows: z.int(),
  same: z.int(),
  different: z.int(),
  agreement: share,
  fields: list(fieldChanges.extend({ agreement: share })),
  /** Fields of the taxonomy that the other worker has no column for. */
  fields_without_column: list(z.string()),
  /** Fields that the other worker never saved; they are in no count above. */
  fields_never_saved: list(fieldChanges.extend({ agreement: share })),
  saved_by: list(
    z.strictObject({
      model: z.string(),
      rows: z.int(),
      /** The name fills its column, so its end may be missing. */
      name_may_be_cut: z.boolean(),
      mean_ms: z.number().nullable(),
    }),
  ),
  latency,
  cost,
  failed: list(z.strictObject({ meeting_id: meetingId, code: z.string() })),
});

/** Who answered beside the other worker. */
export interface ShadowedBy {
  readonly classifier: string;
  readonly model: string;
  readonly taxonomyVersion: string;
}

export function toShadowDocument(
  report: ShadowReport,
  { classifier, model, taxonomyVersion }: ShadowedBy,
): z.infer<typeof shadowDocument> {
  const { latency } = report;
  return {
    success: report.failed.length === 0,
    classifier,
    model,
    taxonomy_version: taxonomyVersion,
    rows: report.rows,
    same: report.same,
    different: report.different,
    agreement: report.agreement,
    fields: toFieldChanges(report.fields),
    fields_without_column: report.withoutColumn,
    fields_never_saved: toFieldChanges(report.neverSaved),
    saved_by: report.savedBy.map(({ meanMs, mayBeCut, ...each }) => ({
      ...each,
      name_may_be_cut: mayBeCut,
      mean_ms: meanMs,
    })),
    latency: { mean_ms: latency.meanMs, p50_ms: latency.p50Ms, p95_ms: latency.p95Ms, max_ms: latency.maxMs },
    cost: toCost(report.cost),
    failed: report.failed.map(({ meetingId, code }) => ({ meeting_id: meetingId, code })),
  };
}
