/** Opens a sheet of an Excel workbook as a table of meetings. */
import { zipSync } from 'fflate';
import { InvalidInputError, InvalidSpreadsheetError, readSheet, SheetNotFoundError } from 'read-excel-file/universal';
import { AppError } from '../../../core/errors.ts';
import {
  countKnownNames,
  describeColumns,
  type Header,
  type HeaderChoices,
  readHeader,
  tellIgnored,
} from '../csv/csv-header.ts';
import type { CsvRecord } from '../csv/csv-records.ts';
import { topLines } from '../csv/csv-top.ts';
import { decideDates, type MeetingsSource, type SourceOptions } from '../csv/meetings-source.ts';
import { readRecords } from '../csv/table-records.ts';
import { readZip } from './bounded-zip.ts';
import { readFileBytes } from './file-bytes.ts';

export interface XlsxOptions extends SourceOptions, HeaderChoices {
  /** Name of the sheet, or its number from 1; unset: the first. */
  readonly sheet?: string;
}

/** The workbook and its rows are held in memory. */
const maxFileBytes = 64 * 1024 ** 2;

/** @throws AppError INPUT_FILE_INVALID */
export async function openMeetingsXlsx(path: string, options: XlsxOptions = {}): Promise<MeetingsSource> {
  const rows = await readRows(path, options.sheet);
  const top = findHeader(rows, options);
  if ('problem' in top) throw invalid(path, top.problem);
  const { header, index } = top;
  async function* rowsAfterHeader(): AsyncGenerator<CsvRecord> {
    for (const [at, cells] of rows.entries()) {
      if (at > index) yield { kind: 'row', line: at + 1, cells: fill(cells, header.columns), notes: [] };
    }
  }
  const table = { header, rows: rowsAfterHeader };
  const records = { [Symbol.asyncIterator]: () => readRecords(table, options.given) };
  const dates = await decideDates(records, options);
  if (dates === undefined) throw invalid(path, 'has a header and no rows. Add at least one meeting.');
  if ('problem' in dates) throw invalid(path, dates.problem);
  const passed = index === 0 ? [] : [`The header is row ${index + 1}; what is before it was passed over.`];
  return {
    format: 'xlsx',
    encoding: 'Excel workbook',
    delimiter: null,
    headerLine: index + 1,
    columns: describeColumns(header),
    notes: [...passed, ...header.notes, ...tellIgnored(header)],
    dateForm: dates.form,
    records,
  };
}

async function readRows(path: string, sheet: string | undefined): Promise<readonly (readonly string[])[]> {
  const bytes = await readFileBytes(path, maxFileBytes);
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    throw invalid(path, 'is no .xlsx workbook, or one with a password. Save it as .xlsx without a password.');
  }
  const members = readZip(bytes, { path, isWanted: (name) => /\.(?:xml|rels)$/i.test(name) });
  // Packed again without compression: what the library unpacks is what was measured.
  const measured = zipSync(members, { level: 0 });
  const chosen = sheet === undefined ? 1 : /^\d{1,4}$/.test(sheet) ? Number(sheet) : sheet;
  try {
    const whole = measured.buffer.slice(measured.byteOffset, measured.byteOffset + measured.byteLength) as ArrayBuffer;
    const rows = await readSheet(whole, chosen, { trim: false, parseNumber: (text: string) => text });
    return rows.map((row) => row.map(toText));
  } catch (cause) {
    if (cause instanceof SheetNotFoundError) {
      throw invalid(
        path,
        `has no sheet ${JSON.stringify(sheet ?? 1)}. Give --sheet with a name or number of its sheets.`,
        cause,
      );
    }
    const isKnown = cause instanceof InvalidInputError || cause instanceof InvalidSpreadsheetError;
    throw invalid(
      path,
      `could not be read as a workbook${isKnown ? '' : '; it may be damaged'}. Save it again as .xlsx.`,
      cause,
    );
  }
}

function toText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (!(cell instanceof Date)) return String(cell);
  const text = new Date(Math.round(cell.getTime() / 1000) * 1000).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 19).replace('T', ' ');
}

function fill(cells: readonly string[], columns: number): readonly string[] {
  return cells.length >= columns ? cells : [...cells, ...Array<string>(columns - cells.length).fill('')];
}

/** The first row that can be read as a header; else what is wrong with the likeliest. */
function findHeader(
  rows: readonly (readonly string[])[],
  choices: HeaderChoices,
): { readonly header: Header; readonly index: number } | { readonly problem: string } {
  const top = rows.slice(0, topLines).map((names, index) => ({ names, index, known: countKnownNames(names, choices) }));
  for (const { names, index, known } of top) {
    const header = known === 0 ? undefined : readHeader(names, choices);
    if (header !== undefined && !('problem' in header)) return { header, index };
  }
  const [likeliest] = [...top].sort((a, b) => b.known - a.known);
  const header = likeliest === undefined ? undefined : readHeader(likeliest.names, choices);
  if (header !== undefined && 'problem' in header) return header;
  return { problem: 'has an empty sheet. Give --sheet for another, or a sheet with a header and rows.' };
}

function invalid(path: string, problem: string, cause?: unknown): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}`, { cause });
}
