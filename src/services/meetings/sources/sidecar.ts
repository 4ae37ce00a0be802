/** A CSV file that says of transcript files whose meetings they are. */
import { basename, extname } from 'node:path';
import { AppError } from '../../../core/errors.ts';
import { cellNames, normaliseName } from '../csv/column-names.ts';
import { openCsvTable } from '../csv/csv-file.ts';
import type { MeetingCells } from '../csv/csv-header.ts';
import type { EncodingName } from '../csv/file-text.ts';
import { readRecords } from '../csv/table-records.ts';

export interface Sidecar {
  /** Undefined: it does not name the file. */
  of(path: string): Partial<MeetingCells> | undefined;
  /** Names that none of the files asked for had. */
  unused(): readonly string[];
}

const fileColumns = new Set(
  ['file', 'file name', 'filename', 'path', 'archivo', 'nombre de archivo', 'nombre del archivo', 'fichero']
    .concat(['transcript file', 'recording', 'grabacion'])
    .map(normaliseName),
);

/** @throws AppError INPUT_FILE_INVALID */
export async function openSidecar(path: string, encoding?: EncodingName): Promise<Sidecar> {
  const nothing = Object.fromEntries(cellNames.map((cell) => [cell, '']));
  const { table } = await openCsvTable(path, { encoding, given: nothing });
  const column = table.header.names.findIndex((name) => fileColumns.has(normaliseName(name)));
  if (column === -1) {
    const problem = 'has no column "file" that names the transcript files';
    throw new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}. Add it.`);
  }
  const names: string[] = [];
  async function* namedRows() {
    for await (const row of table.rows()) {
      if (row.kind !== 'row') continue;
      names.push((row.cells[column] ?? '').trim());
      yield row;
    }
  }
  const rows = new Map<string, Partial<MeetingCells>>();
  let index = 0;
  for await (const record of readRecords({ header: table.header, rows: namedRows })) {
    const name = names[index] ?? '';
    index += 1;
    if (record.kind === 'cells' && name !== '') rows.set(keyOf(name), filled(record.cells));
  }
  const asked = new Set<string>();
  return {
    of(file) {
      const key = [keyOf(file), withoutEnding(keyOf(file))].find((each) => rows.has(each));
      if (key !== undefined) asked.add(key);
      return key === undefined ? undefined : rows.get(key);
    },
    unused: () => [...rows.keys()].filter((key) => !asked.has(key)),
  };
}

function filled(cells: MeetingCells): Partial<MeetingCells> {
  return Object.fromEntries(
    Object.entries(cells).filter(([cell, text]) => cell !== 'transcript' && text.trim() !== ''),
  );
}

function keyOf(path: string): string {
  return basename(path.replaceAll('\\', '/')).normalize('NFC').toLowerCase();
}

function withoutEnding(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}
