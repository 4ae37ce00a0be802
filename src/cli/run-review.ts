/** The life of `vambe review`: read the corrections against the taxonomy, save them, refresh what clients read. */
import { readTaxonomy } from '../app.ts';
import type { Database } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import { emptyLabelFor } from '../models/api-tables.ts';
import type { EmptyLabel } from '../models/classification-columns.ts';
import { readStandingResult } from '../models/queries/classifications.ts';
import { findKnownMeetings } from '../models/queries/meetings.ts';
import { saveCorrections } from '../models/queries/reviews.ts';
import type { FieldValue } from '../services/classification/classifier.ts';
import { type Correction, parseCorrection } from '../services/meetings/correction.ts';
import { lookAtRedis } from '../services/observe/look.ts';
import { describeValue } from '../services/reporting/meeting-labels.ts';
import { currentActor } from './kit/actor.ts';
import type { Cli } from './kit/cli.ts';
import { withDatabase } from './kit/with-database.ts';

export interface ReviewOptions {
  readonly meetingId: number;
  /** field=value */
  readonly texts: readonly string[];
  readonly reason?: string;
  readonly by?: string;
}

const refreshTimeoutMs = 2_000;

export async function runReview(cli: Cli, { meetingId, texts, reason, by }: ReviewOptions): Promise<void> {
  const { config } = cli.config();
  const taxonomy = await readTaxonomy(config);
  const corrections = texts.map((text) => parseCorrection(text, taxonomy.fields));
  refuseRepeated(corrections);
  if (by?.trim() === '') throw new AppError('USAGE', '--by is empty. Give a name, or leave it out.');
  await withDatabase(cli, async (database, { servers, schema }) => {
    const emptyLabel = emptyLabelFor(config.labelsWithoutValue, schema);
    const saved = await saveCorrections(database, {
      meetingId,
      values: Object.fromEntries(corrections.map(({ field, value }) => [field, value])),
      reviewer: by?.trim() ?? currentActor(),
      reason: reason?.trim() || null,
      emptyLabel,
    });
    if (saved === undefined) throw await whyNothing(database, meetingId);
    await refresh(cli, database, { meetingId, redisUrl: servers.redisUrl, emptyLabel });
    if (cli.json) cli.document({ success: true, meeting_id: meetingId, corrections: saved });
    else
      for (const { field, before, after } of saved) {
        const isSame = JSON.stringify(before) === JSON.stringify(after);
        cli.out(`${field}: ${isSame ? `${asText(after)} (confirmed)` : `${asText(before)} → ${asText(after)}`}`);
      }
  });
}

function refuseRepeated(corrections: readonly Correction[]): void {
  const fields = corrections.map(({ field }) => field);
  const repeated = fields.find((field, index) => fields.indexOf(field) !== index);
  if (repeated !== undefined) throw new AppError('USAGE', `"${repeated}" is given twice. Give each field once.`);
}

async function whyNothing(database: Database, meetingId: number): Promise<AppError> {
  const isKnown = (await findKnownMeetings(database, [meetingId])).has(meetingId);
  return new AppError(
    'NOT_FOUND',
    isKnown
      ? `Meeting ${meetingId} has no classification to correct. "vambe classify ${meetingId} --wait" makes one.`
      : `There is no meeting ${meetingId}. "vambe export" lists all of them.`,
  );
}

/** Clients of the queue read results in Redis for a day: a copy that is there gets the correction, none is made. */
async function refresh(
  cli: Cli,
  database: Database,
  { meetingId, redisUrl, emptyLabel }: { meetingId: number; redisUrl: string; emptyLabel: EmptyLabel },
): Promise<void> {
  const standing = await readStandingResult(database, meetingId, emptyLabel);
  if (standing === undefined) return;
  const json = JSON.stringify(standing.classification_data);
  try {
    await lookAtRedis(redisUrl, refreshTimeoutMs, (redis) =>
      redis.set(`classification_result:${meetingId}`, json, 'KEEPTTL', 'XX'),
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    cli.note(
      `vambe: the correction is saved, but a copy in Redis may show the former labels for a day: ${error.message}`,
    );
  }
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return describeValue(value as FieldValue) ?? '[]';
}
