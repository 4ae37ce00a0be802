/** Writes rejected rows to a CSV file that can be corrected and imported again. */
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { AppError } from '../../../core/errors.ts';
import type { RejectedRow } from '../import-meetings.ts';
import { cellNames, meetingColumns } from './column-names.ts';

export interface RejectsFile {
  write(row: RejectedRow): Promise<void>;
  close(): Promise<void>;
}

/**
 * Creates or empties the file. Columns: those of a meetings CSV, then `line` and `reason`, which an import ignores;
 * a row that could not be taken apart has only these two. Throws USAGE when the file is the imported one or cannot be
 * written.
 */
export async function openRejectsFile(path: string, importedPath: string): Promise<RejectsFile> {
  if (await isSameFile(path, importedPath)) {
    throw new AppError('USAGE', `--rejects "${path}" is the file being imported. Give another name.`);
  }
  let handle: FileHandle;
  try {
    handle = await open(path, 'w', 0o600);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AppError('USAGE', `--rejects "${path}" cannot be written${code}. Give another path.`, { cause });
  }
  const write = async (cells: readonly string[]): Promise<void> => {
    await handle.appendFile(stringify([[...cells]], { escape_formulas: true }));
  };
  await write([...Object.values(meetingColumns), 'line', 'reason']);
  return {
    write: ({ cells, line, reason }) => write([...cellNames.map((name) => cells?.[name] ?? ''), String(line), reason]),
    close: () => handle.close(),
  };
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  try {
    return (await realpath(path)) === (await realpath(other));
  } catch {
    // One of them does not exist, so they are not one file.
    return false;
  }
}
