/** A person's correction of a meeting's labels: checked, saved with its audit row, and shown to clients at once. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import type { EmptyLabel } from '../../models/classification-columns.ts';
import { readStandingResult } from '../../models/queries/classifications.ts';
import { findKnownMeetings } from '../../models/queries/meetings.ts';
import { type SavedCorrection, saveCorrections } from '../../models/queries/reviews.ts';
import { type CorrectableField, type Correction, parseCorrection } from './correction.ts';

export interface ReviewDeps {
  readonly database: Database;
  /** What the columns hold for a label without a value. */
  readonly emptyLabel: EmptyLabel;
  /** Replaces the copy that clients read, where there is one; see `replaceResultCopy`. @throws what Redis says */
  replaceCopy(meetingId: number, json: string): Promise<void>;
}

export interface ReviewRequest {
  readonly meetingId: number;
  /** From `readCorrections`. */
  readonly corrections: readonly Correction[];
  /** Who says so, for the review and its audit row. */
  readonly actor: string;
  readonly reason: string | null;
}

export interface ReviewedMeeting {
  readonly meetingId: number;
  readonly corrections: readonly SavedCorrection[];
  /** Why a copy in Redis may show the former labels for a day; null: it does not. */
  readonly staleCopy: AppError | null;
}

/** Each text is `field=value`. @throws AppError USAGE with what was expected */
export function readCorrections(texts: readonly string[], fields: readonly CorrectableField[]): readonly Correction[] {
  const corrections = texts.map((text) => parseCorrection(text, fields));
  const ids = corrections.map(({ field }) => field);
  const repeated = ids.find((field, index) => ids.indexOf(field) !== index);
  if (repeated !== undefined) throw new AppError('USAGE', `"${repeated}" is given twice. Give each field once.`);
  return corrections;
}

/** May be repeated. @throws AppError NOT_FOUND, RESULT_NOT_STORABLE, DATABASE_* */
export async function reviewMeeting(
  { database, emptyLabel, replaceCopy }: ReviewDeps,
  { meetingId, corrections, actor, reason }: ReviewRequest,
): Promise<ReviewedMeeting> {
  const values = Object.fromEntries(corrections.map(({ field, value }) => [field, value]));
  const saved = await saveCorrections(database, { meetingId, values, reviewer: actor, reason, emptyLabel });
  if (saved === undefined) throw await whyNothingSaved(database, meetingId);
  const standing = await readStandingResult(database, meetingId, emptyLabel);
  let staleCopy: AppError | null = null;
  if (standing !== undefined) {
    await replaceCopy(meetingId, JSON.stringify(standing.classification_data)).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      staleCopy = error;
    });
  }
  return { meetingId, corrections: saved, staleCopy };
}

async function whyNothingSaved(database: Database, meetingId: number): Promise<AppError> {
  const isKnown = (await findKnownMeetings(database, [meetingId])).has(meetingId);
  return new AppError(
    'NOT_FOUND',
    isKnown
      ? `Meeting ${meetingId} has no classification to correct. "vambe classify ${meetingId} --wait" makes one.`
      : `There is no meeting ${meetingId}. "vambe export" lists all of them.`,
  );
}
