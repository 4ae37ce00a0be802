/** Writes rejected rows to a CSV file that can be corrected and imported again. */
import { realpath } from 'node:fs/promises';
import { AppError } from '../../../core/errors.ts';
import { openPrivateOutput } from '../../../core/private-output.ts';
import type { RejectedRow } from '../import-meetings.ts';
import { cellNames, meetingColumns } from './column-names.ts';
import { csvForm } from './csv-form.ts';
import { csvLine } from './csv-line.ts';
import type { MeetingsSource } from './meetings-source.ts';

export interface RejectsFile {
  write(row: RejectedRow): Promise<void>;
  close(): Promise<void>;
}

/** As the imported file was, or for Excel. */
export interface RejectsForm {
  readonly isExcel?: boolean;
  readonly like?: Pick<MeetingsSource, 'encoding' | 'delimiter'>;
}

/**
 * Puts the file in its place when it is closed. Columns: those of a meetings CSV, then `line` and `reason`, which an import ignores;
 * a row that could not be taken apart has only these two. Throws USAGE when the file is an imported one or cannot be
 * written.
 */
export async function openRejectsFile(
  path: string,
  importedPaths: readonly string[],
  form: RejectsForm = {},
): Promise<RejectsFile> {
  for (const imported of importedPaths) {
    if (!(await isSameFile(path, imported))) continue;
    throw new AppError('USAGE', `--rejects "${path}" is a file being imported. Give another name.`);
  }
  const { handle, keep } = await openPrivateOutput(path, '--rejects');
  const { delimiter, bom } = csvForm(form);
  const write = async (cells: readonly string[]): Promise<void> => {
    await handle.appendFile(csvLine(cells, delimiter));
  };
  await handle.appendFile(bom);
  await write([...Object.values(meetingColumns), 'line', 'reason']);
  return {
    write: ({ cells, line, reason }) => write([...cellNames.map((name) => cells?.[name] ?? ''), String(line), reason]),
    close: async () => {
      await handle.close();
      await keep();
    },
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
