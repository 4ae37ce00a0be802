/** Lists jobs, newest first, by their fields or by a filter. */
import type { Database } from '../../core/connections/database.ts';
import type { FilterState, FilterTerm } from '../../models/job-filter.ts';
import { type JobPage, type JobSummary, type JobWhole, listJobs as listJobRows } from '../../models/queries/jobs.ts';
import { listJobsWhere } from '../../models/queries/operations.ts';

export type { JobPage, JobSummary, JobWhole };

export interface ListJobsRequest {
  readonly state?: FilterState;
  readonly task?: string;
  readonly meetingId?: number;
  /** Terms of `parseJobFilter`, which all hold beside the fields above. */
  readonly terms?: readonly FilterTerm[];
  /** Task ids that workers run now, which the table does not know. */
  readonly running: readonly string[];
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** @throws AppError DATABASE_* */
export async function listJobs(database: Database, request: ListJobsRequest): Promise<JobPage> {
  const { state, task, meetingId, terms, running, limit, cursor } = request;
  // Without a filter the statement has a name, and PostgreSQL keeps its plan.
  if (terms === undefined) return listJobRows(database, { filter: { state, task, meetingId }, running, limit, cursor });
  return listJobsWhere(database, { terms: [...terms, ...termsOf(request)], running, limit, cursor });
}

function termsOf({ state, task, meetingId }: ListJobsRequest): FilterTerm[] {
  return [
    ...(state === undefined ? [] : [{ key: 'state' as const, isNot: false, values: [state] }]),
    ...(task === undefined ? [] : [{ key: 'task' as const, isNot: false, values: [task] }]),
    ...(meetingId === undefined ? [] : [{ key: 'meeting' as const, isNot: false, values: [meetingId] }]),
  ];
}
