/** One meeting whole: its labels, what they rest on, and its history. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { findMeeting, listRuns, type MeetingWhole, type RunSummary } from '../../models/queries/meetings.ts';
import { listReviews, type Review } from '../../models/queries/reviews.ts';
import { type JobSummary, listJobs } from '../jobs/list-jobs.ts';
import { type Label, labelsOf } from '../reporting/meeting-labels.ts';

export interface ShowMeetingDeps {
  readonly database: Database;
  /** Task ids that workers run now; asked only where a job of the meeting is open. */
  listRunning(): Promise<readonly string[]>;
}

export interface ShowMeetingRequest {
  readonly meetingId: number;
  /** Field ids of the taxonomy: the order of the labels. */
  readonly order: readonly string[];
  /** Rows of each history; unset: 50. */
  readonly maxHistory?: number;
}

export interface ShownMeeting {
  readonly meeting: MeetingWhole;
  /** Empty where the meeting has no classification. */
  readonly labels: readonly Label[];
  /** Newest first, as are the other two. */
  readonly jobs: readonly JobSummary[];
  readonly runs: readonly RunSummary[];
  readonly reviews: readonly Review[];
}

/** @throws AppError NOT_FOUND, DATABASE_* */
export async function showMeeting(
  deps: ShowMeetingDeps,
  { meetingId, order, maxHistory = 50 }: ShowMeetingRequest,
): Promise<ShownMeeting> {
  const { database } = deps;
  const meeting = await findMeeting(database, meetingId);
  if (meeting === undefined) {
    throw new AppError('NOT_FOUND', `There is no meeting ${meetingId}. "vambe export" lists all of them.`);
  }
  const page = { meetingId, limit: maxHistory };
  const [{ jobs }, runs, reviews] = await Promise.all([
    listJobs(database, { ...page, listRunning: deps.listRunning }),
    listRuns(database, page),
    listReviews(database, page),
  ]);
  const { classification, run_fields: runFields, corrected } = meeting;
  const labels =
    classification === null ? [] : labelsOf({ runFields, columns: classification.columns, corrected, order });
  return { meeting, labels, jobs, runs, reviews };
}
