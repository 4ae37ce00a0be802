/** Opens a CSV file of meetings and streams its rows, good and bad, by line number. */
import { AppError } from '../../../core/errors.ts';
import { createQuoteStyleWatch, doubleQuotes } from './backslash-quotes.ts';
import { describeColumns, type HeaderChoices, tellIgnored } from './csv-header.ts';
import { type CsvLine, createLineCutter } from './csv-lines.ts';
import { type CsvRecord, createRecordJoiner } from './csv-records.ts';
import { type CsvTop, delimiters, findTop, topLines } from './csv-top.ts';
import { type EncodingName, type FileText, openFileText } from './file-text.ts';
import { decideDates, type MeetingsSource, type SourceOptions } from './meetings-source.ts';
import { type MeetingTable, readRecords } from './table-records.ts';

export interface CsvOptions extends SourceOptions, HeaderChoices {
  /** Instead of the encoding that the bytes suggest. */
  readonly encoding?: EncodingName;
}

/** A transcript of 2,000,000 characters whose every second one is a quote, doubled, and the other cells. */
const maxRecordChars = 4_100_000;

/**
 * Opens a CSV file of meetings and reads it once to its end for the form of its dates. Throws INPUT_FILE_INVALID when the
 * path is no regular file, the file is empty, is something else than CSV, has another header or no rows, or has dates
 * that fit several orders. A later fault costs its own row only.
 */
export async function openMeetingsCsv(path: string, options: CsvOptions = {}): Promise<MeetingsSource> {
  const { text, top, usesBackslash, table } = await openCsvTable(path, options);
  const records = { [Symbol.asyncIterator]: () => readRecords(table, options.given) };
  const dates = await decideDates(records, options);
  if (dates === undefined) throw invalid(path, 'has a header and no rows. Add at least one meeting.');
  if ('problem' in dates) throw invalid(path, dates.problem);
  return {
    format: 'csv',
    encoding: text.encoding,
    delimiter: delimiters[top.delimiter],
    headerLine: top.firstLine,
    columns: describeColumns(top.header),
    notes: [...text.notes, ...tellTop(top, usesBackslash)],
    dateForm: dates.form,
    records,
  };
}

export interface CsvTable {
  readonly text: FileText;
  readonly top: CsvTop;
  readonly usesBackslash: boolean;
  readonly table: MeetingTable;
}

/** The header and the rows of a CSV file. @throws AppError INPUT_FILE_INVALID */
export async function openCsvTable(path: string, options: CsvOptions = {}): Promise<CsvTable> {
  const text = await openFileText(path, { encoding: options.encoding });
  const top = findTop(await readTopLines(text), options);
  if (top === undefined) throw invalid(path, 'is empty. Give a CSV file with a header line and rows.');
  if ('problem' in top) throw invalid(path, top.problem);
  const usesBackslash = await findQuoteStyle(text);
  return { text, top, usesBackslash, table: { header: top.header, rows: () => readRows(text, top, usesBackslash) } };
}

/** Whether a text file begins with a header of meetings; another may be a transcript. */
export async function beginsWithHeader(path: string, options: CsvOptions = {}): Promise<boolean> {
  const top = findTop(await readTopLines(await openFileText(path, { encoding: options.encoding })), options);
  return top !== undefined && !('problem' in top);
}

function tellTop({ header, firstLine, passedOver }: CsvTop, usesBackslash: boolean): string[] {
  return [
    ...(passedOver === 0 ? [] : [`The header is line ${firstLine}; what is before it was passed over.`]),
    ...header.notes,
    ...tellIgnored(header),
    ...(usesBackslash ? ['Quotes inside quoted cells are written as \\" and were read so.'] : []),
  ];
}

async function readTopLines(text: FileText): Promise<readonly CsvLine[]> {
  const top: CsvLine[] = [];
  for await (const lines of readLines(text)) {
    top.push(...lines.slice(0, topLines - top.length));
    if (top.length >= topLines) break;
  }
  return top;
}

async function findQuoteStyle(text: FileText): Promise<boolean> {
  const watch = createQuoteStyleWatch();
  for await (const piece of text.read()) watch.add(piece);
  return watch.usesBackslash();
}

async function* readRows(text: FileText, top: CsvTop, usesBackslash: boolean): AsyncGenerator<CsvRecord> {
  const { delimiter, header, lastLine } = top;
  const joiner = createRecordJoiner({ delimiter, columns: header.columns, maxRecordChars });
  const afterHeader = (line: CsvLine) => line.number > lastLine;
  for await (const lines of readLines(text)) {
    const rows = lines.filter(afterHeader);
    yield* joiner.push(usesBackslash ? rows.map((line) => ({ ...line, content: doubleQuotes(line.content) })) : rows);
  }
  yield* joiner.end();
}

/** The lines of each piece of the file together. */
async function* readLines(text: FileText): AsyncGenerator<readonly CsvLine[]> {
  const cutter = createLineCutter(maxRecordChars);
  for await (const piece of text.read()) yield cutter.push(piece);
  yield cutter.end();
}

function invalid(path: string, problem: string): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}`);
}
