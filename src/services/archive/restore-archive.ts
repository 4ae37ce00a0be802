/** Puts an archive into an empty database and counts what it brought. */
import type { Database } from '../../core/connections/database.ts';
import type { EmptyLabel } from '../../models/classification-columns.ts';
import { writeArchive } from '../../models/queries/archive.ts';
import { countJobs } from '../../models/queries/jobs.ts';
import type { OpenArchive, RowCounts } from './archive-format.ts';
import { importArchive } from './archive-import.ts';

export interface RestoreRequest {
  /** From `openArchive`. */
  readonly archive: OpenArchive;
  /** Of the database: the number of migrations. */
  readonly schemaVersion: number;
  /** Stored for a label without a value. */
  readonly emptyLabel: EmptyLabel;
  readonly signal: AbortSignal;
}

export interface RestoredArchive {
  /** By table. */
  readonly rows: RowCounts;
  readonly openJobs: number;
}

/** All of it or nothing; its audit rows come with it. @throws AppError USAGE where rows are there, INPUT_FILE_INVALID, DATABASE_* */
export async function restoreArchive(
  database: Database,
  { archive, schemaVersion, emptyLabel, signal }: RestoreRequest,
): Promise<RestoredArchive> {
  const rows = await writeArchive(database, emptyLabel, (target) =>
    importArchive({ archive, target, schemaVersion, signal }),
  );
  const { queued, retrying } = await countJobs(database);
  return { rows, openJobs: queued + retrying };
}
