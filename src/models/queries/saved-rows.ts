/** Rows of `meetings_classifications`, saved by any worker. Read only; needs only the API's tables. */
import type { Database, Statement } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { readRow } from '../classification-columns.ts';

/** One saved version of a row; each save makes a new version. */
export interface SavedVersion {
  readonly meeting_id: number;
  readonly version: string;
  /** Its `processed_at` or `updated_at` is not before the moment asked for. */
  readonly is_since: boolean;
}

export interface SavedVersions {
  /** Where the next call starts: every earlier transaction has ended. */
  readonly floor: string;
  readonly versions: readonly SavedVersion[];
}

export interface SavedRow {
  readonly meeting_id: number;
  readonly transcript: string;
  readonly seller_prompt: string;
  /** The row, by column name; null for a label without a value. */
  readonly saved: Readonly<Record<string, unknown>>;
}

/**
 * Compares transaction numbers, because a timestamp would miss rows that are committed late or written by a machine with a slow
 * clock. `xmin` holds the lower 32 bits of the number of the writing transaction, `next` all 64 bits of the next number.
 */
const versionsStatement: Statement = {
  name: 'saved_versions',
  text: `
with now as (
  select txid_snapshot_xmin(txid_current_snapshot()) as oldest, txid_snapshot_xmax(txid_current_snapshot()) as next
), rows as (
  select mc.meeting_id, mc.xmin::text as version, mc.xmin::text::bigint as low, greatest(mc.processed_at, mc.updated_at) >= $2::timestamptz as is_since
  from public.meetings_classifications mc
), found as (
  select r.meeting_id, r.version, r.is_since from rows r, now
  where r.is_since or ((now.next >> 32) << 32) + r.low
    - (case when r.low >= (now.next & 4294967295) then 4294967296 else 0 end) >= coalesce($1::bigint, now.oldest)
)
select now.oldest::text as floor, (select coalesce(json_agg(f order by f.meeting_id), '[]') from found f) as versions from now`,
};

/**
 * Rows saved by transactions from `floor` on, and rows with a timestamp of `since` (ISO 8601) or later. A null floor starts now,
 * with the transactions that are still open. @throws AppError DATABASE_*
 */
export async function findSavedVersions(
  database: Database,
  { floor, since }: { readonly floor: string | null; readonly since: string | null },
): Promise<SavedVersions> {
  const [row] = await database.run<SavedVersions>(versionsStatement, [floor, since ?? 'infinity']);
  return row ?? { floor: floor ?? '0', versions: [] };
}

/** Excludes rows of this worker: it writes both tables in one transaction, so their transaction numbers are equal. */
const notOurs =
  'and not exists (select 1 from vambe_worker.current cu where cu.meeting_id = mc.meeting_id and cu.xmin = mc.xmin)';

const rowsStatement = (hasWorkerTables: boolean): Statement => ({
  name: hasWorkerTables ? 'saved_rows_of_others' : 'saved_rows',
  text: `
select m.id::int as meeting_id, m.transcript, coalesce(to_jsonb(s) ->> 'prompt', '') as seller_prompt, to_jsonb(mc) as saved
from unnest($1::int[], $2::text[]) as v(meeting_id, version)
join public.meetings_classifications mc on mc.meeting_id = v.meeting_id and mc.xmin::text = v.version
join public.meetings m on m.id = mc.meeting_id
join public.sellers s on s.id = m.seller_id
where m.transcript ~ '\\S' ${hasWorkerTables ? notOurs : ''}
order by m.id`,
});

/** Those of the versions that are still current, have a transcript and were not saved by this worker. @throws AppError DATABASE_* */
export async function findSavedRows(
  database: Database,
  versions: readonly SavedVersion[],
  { hasWorkerTables }: { readonly hasWorkerTables: boolean },
): Promise<readonly SavedRow[]> {
  const ids = versions.map((each) => each.meeting_id);
  const numbers = versions.map((each) => each.version);
  const rows = await database.run<SavedRow>(rowsStatement(hasWorkerTables), [ids, numbers]);
  return rows.map((row) => ({ ...row, saved: readRow(row.saved) }));
}

/** Whether this worker's own tables exist (after `vambe migrate`). @throws AppError SCHEMA_DIFFERS, DATABASE_* */
export async function readSavedPlace(database: Database): Promise<{ hasWorkerTables: boolean }> {
  const text = `select to_regclass('public.meetings_classifications') is not null as classifications,
to_regclass('vambe_worker.current') is not null as worker`;
  const [row] = await database.run<{ classifications: boolean; worker: boolean }>({ name: 'saved_place', text }, []);
  if (row?.classifications !== true)
    throw new AppError(
      'SCHEMA_DIFFERS',
      'This database has no table meetings_classifications. Give the one that the Python worker writes to.',
    );
  return { hasWorkerTables: row.worker };
}
