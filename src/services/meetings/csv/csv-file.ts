/** Opens a CSV file of meetings and streams its rows, good and bad, by line number. */
import { AppError } from '../../../core/errors.ts';
import { type Delimiter, type Header, type MeetingCell, type MeetingCells, readHeader } from './csv-header.ts';
import { type CsvLine, createLineCutter } from './csv-lines.ts';
import { type CsvRecord, createRecordJoiner } from './csv-records.ts';
import { createDateColumn, type DateDecision } from './date-column.ts';
import type { DateForm, DateOrder } from './date-form.ts';
import { type Encoding, type FileText, openFileText } from './file-text.ts';

export type MeetingRecord =
  | { readonly kind: 'cells'; readonly line: number; readonly cells: MeetingCells; readonly notes: readonly string[] }
  | { readonly kind: 'broken'; readonly line: number; readonly reason: string; readonly cells?: MeetingCells };

export interface MeetingsCsv {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  /** On the whole file: columns that are ignored, characters that were damaged. */
  readonly notes: readonly string[];
  /** The form of the dates of all rows; undefined where no row holds a date. */
  readonly dateForm: DateForm | undefined;
  /** Reads the file from its first row; blank lines are left out. */
  readonly records: AsyncIterable<MeetingRecord>;
}

export interface OpenOptions {
  /** Order of dates that fit several. */
  readonly dateOrder?: DateOrder;
  /** Now, unless told: helps to tell the years from the days where years have two digits. */
  readonly now?: Date;
  /** Ends the look at the rows early; the form of the dates is not known then. */
  readonly signal?: AbortSignal;
}

const maxRows = 200_000;
/** A transcript of 2,000,000 characters whose every second one is a quote, doubled, and the other cells. */
const maxRecordChars = 4_100_000;

/**
 * Opens a CSV file of meetings and reads it once to its end for the form of its dates. Throws INPUT_FILE_INVALID when the
 * path is no regular file, the file is empty, is something else than CSV, has another header or no rows, or has dates
 * that fit several orders. A later fault costs its own row only.
 */
export async function openMeetingsCsv(path: string, options: OpenOptions = {}): Promise<MeetingsCsv> {
  const text = await openFileText(path);
  const top = await readTop(text);
  if (top === undefined) throw invalid(path, 'is empty. Give a CSV file with a header line and rows.');
  const header = readHeader(top.line.content, top.delimiter);
  if ('problem' in header) throw invalid(path, header.problem);

  const records = {
    [Symbol.asyncIterator]: () => readRecords(text, header, top.line.number),
  };
  const dates = await decideDates(records, options);
  if (dates === undefined) throw invalid(path, 'has a header and no rows. Add at least one meeting.');
  if ('problem' in dates) throw invalid(path, dates.problem);
  const ignored = header.ignored.map((name) => `"${name}"`).join(', ');
  const notes = ignored === '' ? text.notes : [...text.notes, `Columns that are ignored: ${ignored}.`];
  return { encoding: text.encoding, delimiter: header.delimiter, notes, dateForm: dates.form, records };
}

/** Undefined for a file without rows. */
async function decideDates(
  records: MeetingsCsv['records'],
  { dateOrder, now = new Date(), signal }: OpenOptions,
): Promise<DateDecision | undefined> {
  const column = createDateColumn({ order: dateOrder, now });
  let hasRows = false;
  for await (const record of records) {
    hasRows = true;
    if (signal?.aborted) return { form: undefined };
    if (record.kind === 'cells') column.add(record.cells.date, record.line);
  }
  return hasRows ? column.decide() : undefined;
}

/** The header line: the first that is not blank, and not Excel's `sep=;`, which names the delimiter. */
async function readTop(text: FileText): Promise<{ line: CsvLine; delimiter?: Delimiter } | undefined> {
  let delimiter: Delimiter | undefined;
  for await (const lines of readLines(text)) {
    for (const line of lines) {
      const separator = /^sep=([,;\t])$/i.exec(line.content)?.[1];
      if (separator !== undefined && delimiter === undefined) delimiter = separator as Delimiter;
      else if (line.content.trim() !== '') return { line, delimiter };
    }
  }
  return undefined;
}

async function* readRecords(text: FileText, header: Header, headerLine: number): AsyncGenerator<MeetingRecord> {
  const joiner = createRecordJoiner({ delimiter: header.delimiter, columns: header.columns, maxRecordChars });
  let rows = 0;
  for await (const record of joinLines(text, joiner, headerLine)) {
    if (record.kind === 'row' && record.cells.every((cell) => cell.trim() === '')) continue;
    rows += 1;
    if (rows > maxRows) {
      const limit = maxRows.toLocaleString('en');
      yield { kind: 'broken', line: record.line, reason: `The file has more than ${limit} rows: split it here.` };
      return;
    }
    yield record.kind === 'row' ? toMeetingRecord(record, header) : record;
  }
}

async function* joinLines(
  text: FileText,
  joiner: ReturnType<typeof createRecordJoiner>,
  headerLine: number,
): AsyncGenerator<CsvRecord> {
  const afterHeader = (line: CsvLine) => line.number > headerLine;
  for await (const lines of readLines(text)) yield* joiner.push(lines.filter(afterHeader));
  yield* joiner.end();
}

/** The lines of each piece of the file together. */
async function* readLines(text: FileText): AsyncGenerator<readonly CsvLine[]> {
  const cutter = createLineCutter(maxRecordChars);
  for await (const piece of text.read()) yield cutter.push(piece);
  yield cutter.end();
}

function toMeetingRecord(record: Extract<CsvRecord, { kind: 'row' }>, header: Header): MeetingRecord {
  const { line, cells, notes } = record;
  const at = (cell: MeetingCell) => cells[header.positions[cell]] ?? '';
  const named: MeetingCells = {
    name: at('name'),
    email: at('email'),
    phone: at('phone'),
    date: at('date'),
    seller: at('seller'),
    closed: at('closed'),
    transcript: at('transcript'),
  };
  // Spreadsheets end rows with empty cells where a column beyond the last was once used.
  const surplus = cells.slice(header.columns).filter((cell) => cell.trim() !== '').length;
  if (cells.length >= header.columns && surplus === 0) return { kind: 'cells', line, cells: named, notes };
  const cause =
    cells.length > header.columns
      ? 'A delimiter inside a cell needs quotes around the cell.'
      : 'Give every column, empty where there is nothing to say.';
  const reason = `The row has ${cells.length} cells, the header has ${header.columns}. ${cause}`;
  return { kind: 'broken', line, reason, cells: named };
}

function invalid(path: string, problem: string): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}`);
}
