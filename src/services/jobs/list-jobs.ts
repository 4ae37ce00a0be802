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
  /** Task ids that workers run now, which the table does not know. Asked only if a listed job may be one of them. */
  readonly listRunning: () => Promise<readonly string[]>;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

const openStates: readonly FilterState[] = ['queued', 'retrying', 'waiting', 'processing'];

/** Whether a worker may run it now. */
export const isOpen = (state: FilterState): boolean => openStates.includes(state);

/** @throws AppError DATABASE_* */
export async function listJobs(database: Database, request: ListJobsRequest): Promise<JobPage> {
  const { state, terms, listRunning } = request;
  // A state that is asked for decides which rows are found; otherwise it is only shown, and most lists have no open job.
  const choosesByRunning = terms?.some(({ key }) => key === 'state') || (state !== undefined && isOpen(state));
  if (!choosesByRunning) {
    const page = await readPage(database, request, []);
    if (!page.jobs.some((job) => isOpen(job.state))) return page;
  }
  return readPage(database, request, await listRunning());
}

function readPage(database: Database, request: ListJobsRequest, running: readonly string[]): Promise<JobPage> {
  const { state, task, meetingId, terms, limit, cursor } = request;
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
