/** Puts an archive into an empty database, all of it or nothing. */
import { sqlState } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import type { ArchiveTarget } from '../../models/queries/archive.ts';
import type { OpenArchive, RowCounts } from './archive-format.ts';

const maxRowsPerBlock = 500;
const maxCharsPerBlock = 4 * 1024 ** 2;

export interface ArchiveImport {
  readonly archive: OpenArchive;
  readonly target: ArchiveTarget;
  /** Of the database: the number of migrations. */
  readonly schemaVersion: number;
  readonly signal: AbortSignal;
}

/** How many rows each table got. @throws AppError USAGE where the target holds rows, INPUT_FILE_INVALID where it does not fit */
export async function importArchive({ archive, target, ...options }: ArchiveImport): Promise<RowCounts> {
  const { head, rows } = archive;
  if (head.schema_version > options.schemaVersion) {
    throw new AppError(
      'INPUT_FILE_INVALID',
      `The archive comes from schema version ${head.schema_version}, this database is at ${options.schemaVersion}. Install the newer vambe-ai-worker, then import it.`,
    );
  }
  const missing = missingPlaces(archive, target);
  if (missing.length > 0) {
    throw new AppError(
      'INPUT_FILE_INVALID',
      `This database has no place for ${missing.join(', ')} of the archive. Bring its tables up to date, then import it.`,
    );
  }
  const full = await target.findRows();
  if (full !== undefined) {
    throw new AppError(
      'USAGE',
      `${full} of this database holds rows already. An archive keeps its ids, so it goes into an empty database only: give another one, and import before the first worker starts.`,
    );
  }
  const columnsOf = new Map(head.tables.map(({ name, columns }) => [name, columns]));
  const counts: Record<string, number> = {};
  let block: string[] = [];
  let blockChars = 0;
  let blockTable = '';
  const flush = async () => {
    if (block.length === 0) return;
    options.signal.throwIfAborted();
    await target.insert(blockTable, columnsOf.get(blockTable) ?? [], block).catch((error: unknown) => {
      throw misfit(blockTable, error);
    });
    counts[blockTable] = (counts[blockTable] ?? 0) + block.length;
    [block, blockChars] = [[], 0];
  };
  for await (const { table, json } of rows) {
    if (table !== blockTable || block.length >= maxRowsPerBlock || blockChars >= maxCharsPerBlock) await flush();
    blockTable = table;
    block.push(json);
    blockChars += json.length;
  }
  await flush();
  return counts;
}

/** Tables and columns of the archive that the target lacks. */
function missingPlaces({ head }: OpenArchive, { tables }: ArchiveTarget): string[] {
  return head.tables.flatMap(({ name, columns }) => {
    const there = tables.find((table) => table.name === name);
    if (there === undefined) return [name];
    return columns.filter((column) => !there.columns.includes(column)).map((column) => `${name}.${column}`);
  });
}

/** Rows that PostgreSQL refuses are the archive's fault: one that is missing, or a value that no column holds. */
function misfit(table: string, error: unknown): unknown {
  const state = sqlState(error);
  if (error instanceof AppError || !/^2[23]/.test(state ?? '')) return error;
  return new AppError(
    'INPUT_FILE_INVALID',
    `The archive has rows of ${table} that do not fit (SQLSTATE ${state}): it was changed, or is not whole. Nothing was imported; export it again.`,
    { cause: error },
  );
}
