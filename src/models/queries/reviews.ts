/** A person's corrections: reads them, and writes them so that a concurrent save does not overwrite them. */
import { type Database, type Statement, sqlState } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { type EmptyLabel, fieldColumns, readRow, withEmptyLabels } from '../classification-columns.ts';

export interface CorrectionsToSave {
  readonly meetingId: number;
  /** Values by field id; null is a valid value. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly reviewer: string;
  readonly reason: string | null;
  /** What the columns hold for a label without a value; unset: null. */
  readonly emptyLabel?: EmptyLabel;
}

export interface SavedCorrection {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Runs first, so that a save and a correction of one meeting wait for each other: the save reads `corrected` after it has locked
 * this row. A classification of the Python worker has no row yet; it gets run 0, which is older than any other run.
 */
const makeStatement = `
insert into vambe_worker.current (meeting_id, run_id, input_hash)
select mc.meeting_id, 0, '' from public.meetings_classifications mc where mc.meeting_id = $1
on conflict (meeting_id) do nothing`;

const lockStatement = `
select c.run_id::text as run_id, c.corrected from vambe_worker.current c where c.meeting_id = $1 for update`;

const beforeStatement = `
select r.fields, to_jsonb(mc) as columns
from public.meetings_classifications mc
left join vambe_worker.runs r on r.id = $2::bigint and r.model = mc.model_used
where mc.meeting_id = $1`;

const keepStatement = `update vambe_worker.current set corrected = corrected || $2::jsonb where meeting_id = $1`;

const noteStatement = `
insert into vambe_worker.reviews (meeting_id, run_id, field, before, after, reviewer, reason)
select $1::int, nullif($2::bigint, 0), i.field, i.before, i.after, $4::text, $5::text
from jsonb_to_recordset($3::jsonb) as i(n int, field text, before jsonb, after jsonb) order by i.n`;

const auditStatement = `
insert into vambe_worker.audit (actor, action, object, before, after, reason)
values ($1, 'review', 'meeting:' || $2::int, $3::jsonb, $4::jsonb, $5)`;

interface BeforeRow {
  readonly fields: Readonly<Record<string, { readonly value: unknown }>> | null;
  readonly columns: Readonly<Record<string, unknown>>;
}

/**
 * Corrects fields in one transaction: the current labels, their columns, one review for each field and one audit row. May be
 * repeated. Undefined where the meeting has no classification. @throws AppError RESULT_NOT_STORABLE, DATABASE_*
 */
export async function saveCorrections(
  database: Database,
  { meetingId, values, reviewer, reason, emptyLabel = null }: CorrectionsToSave,
): Promise<readonly SavedCorrection[] | undefined> {
  try {
    return await database.withClient(async (client) => {
      await client.query('begin');
      await client.query(makeStatement, [meetingId]);
      const { rows: locked } = await client.query<{ run_id: string; corrected: Record<string, unknown> }>(
        lockStatement,
        [meetingId],
      );
      const standing = locked[0];
      const found = standing && (await client.query<BeforeRow>(beforeStatement, [meetingId, standing.run_id]));
      const before = found?.rows[0];
      if (standing === undefined || before === undefined) {
        await client.query('rollback');
        return undefined;
      }
      const saved = Object.entries(values).map(([field, after]) => ({
        field,
        before: valueBefore(field, standing.corrected, before),
        after,
      }));
      await client.query(keepStatement, [meetingId, JSON.stringify(values)]);
      const columns = withEmptyLabels(columnsOf(values), emptyLabel);
      if (Object.keys(columns).length > 0) {
        await client.query(columnsStatement(Object.keys(columns)), [meetingId, JSON.stringify(columns)]);
      }
      const notes = saved.map((each, n) => ({ n, ...each }));
      await client.query(noteStatement, [meetingId, standing.run_id, JSON.stringify(notes), reviewer, reason]);
      const beforeAll = Object.fromEntries(saved.map(({ field, before: was }) => [field, was]));
      await client.query(auditStatement, [
        reviewer,
        meetingId,
        JSON.stringify(beforeAll),
        JSON.stringify(values),
        reason,
      ]);
      await client.query('commit');
      return saved;
    });
  } catch (error) {
    const state = sqlState(error);
    if (error instanceof AppError || state === undefined || !/^2[23]/.test(state)) throw error;
    throw new AppError(
      'RESULT_NOT_STORABLE',
      `The correction of meeting ${meetingId} does not fit the table meetings_classifications, SQLSTATE ${state}. Check the taxonomy's values against the columns.`,
      { cause: error },
    );
  }
}

/** Reads the run before the column, because a column that is not nullable cannot hold null. */
function valueBefore(field: string, corrected: Readonly<Record<string, unknown>>, { fields, columns }: BeforeRow) {
  if (Object.hasOwn(corrected, field)) return corrected[field];
  if (fields !== null && Object.hasOwn(fields, field)) return fields[field]?.value ?? null;
  return Object.hasOwn(fieldColumns, field) ? (readRow(columns)[field] ?? null) : null;
}

function columnsOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([field, value]) => {
      const column = fieldColumns[field];
      return column === undefined ? [] : [[field, value ?? column.whenNull ?? null]];
    }),
  );
}

/** Updates only the corrected columns: another session may be writing the others. Names come only from `fieldColumns`. */
function columnsStatement(names: readonly string[]): string {
  const sets = names.map((name) => `${name} = i.${name}`).join(', ');
  const types = names.map((name) => `${name} ${fieldColumns[name]?.type ?? 'text'}`).join(', ');
  return `
update public.meetings_classifications mc set ${sets}, updated_at = now()
from jsonb_to_record($2::jsonb) as i(${types}) where mc.meeting_id = $1`;
}

export interface Review {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reviewer: string;
  readonly reason: string | null;
  readonly reviewed_at: Date;
}

const listStatement: Statement = {
  name: 'review_list',
  text: `
select field, before, after, reviewer, reason, reviewed_at from vambe_worker.reviews where meeting_id = $1::int order by id desc limit $2::int`,
};

/** Newest first. */
export async function listReviews(
  database: Database,
  { meetingId, limit }: { meetingId: number; limit: number },
): Promise<readonly Review[]> {
  return database.run<Review>(listStatement, [meetingId, limit]);
}
