/** Turns the rows of a table, of a CSV file or a workbook, into meetings of named cells. */
import { cellNames, type MeetingCell } from './column-names.ts';
import type { Header, MeetingCells } from './csv-header.ts';
import type { CsvRecord } from './csv-records.ts';
import type { MeetingRecord } from './meeting-record.ts';
import { groupUtterances } from './utterances.ts';

export interface MeetingTable {
  readonly header: Header;
  /** Rows after the header, from the first one each time. */
  rows(): AsyncIterable<CsvRecord>;
}

const maxRows = 200_000;
const clock = /^\d{1,2}([:.h]\d{2}|\s?[ap]\.?\s?m)/i;

/** Rows of empty cells are left out. Cells that the file does not have are taken from `given`. */
export async function* readRecords(
  { header, rows }: MeetingTable,
  given: Partial<MeetingCells> = {},
): AsyncGenerator<MeetingRecord> {
  const records = limitRows(rows());
  if (header.group !== -1) {
    yield* groupUtterances(records, header, (record) => toMeetingRecord(record, header, given));
    return;
  }
  for await (const record of records) {
    yield record.kind === 'row' ? toMeetingRecord(record, header, given) : record;
  }
}

async function* limitRows(rows: AsyncIterable<CsvRecord>): AsyncGenerator<CsvRecord> {
  let count = 0;
  for await (const record of rows) {
    if (record.kind === 'row' && record.cells.every((cell) => cell.trim() === '')) continue;
    count += 1;
    if (count > maxRows) {
      const limit = maxRows.toLocaleString('en');
      yield { kind: 'broken', line: record.line, reason: `The file has more than ${limit} rows: split it here.` };
      return;
    }
    yield record;
  }
}

function toMeetingRecord(
  { line, cells, notes }: Extract<CsvRecord, { kind: 'row' }>,
  header: Header,
  given: Partial<MeetingCells>,
): MeetingRecord {
  const named = Object.fromEntries(cellNames.map((cell) => [cell, cellOf(cell, cells, header, given)]));
  // Spreadsheets end rows with empty cells where a column beyond the last was once used.
  const surplus = cells.slice(header.columns).filter((cell) => cell.trim() !== '').length;
  if (cells.length >= header.columns && surplus === 0)
    return { kind: 'cells', line, cells: named as MeetingCells, notes };
  const cause =
    cells.length > header.columns
      ? 'A delimiter inside a cell needs quotes around the cell.'
      : 'Give every column, empty where there is nothing to say.';
  const reason = `The row has ${cells.length} cells, the header has ${header.columns}. ${cause}`;
  return { kind: 'broken', line, reason, cells: named as MeetingCells };
}

function cellOf(cell: MeetingCell, cells: readonly string[], header: Header, given: Partial<MeetingCells>): string {
  const [first, second] = header.positions[cell];
  if (first === undefined) return given[cell] ?? '';
  const text = cells[first] ?? '';
  const more = second === undefined ? '' : (cells[second] ?? '').trim();
  if (more === '') return text;
  // A date that has its time already needs no other.
  if (cell === 'date' && (text.includes(':') || !clock.test(more))) return text;
  return `${text.trim()} ${more}`.trim();
}
