/**
 * The text of an archive: JSON lines, to be packed with gzip. First a head that names the format, its version and the columns of
 * each table; then `["public.meetings",{…}]` for each row; last how many rows each table has, without which it is cut short.
 */
import { AppError } from '../../core/errors.ts';
import type { ArchivedRow, ArchiveTable } from '../../models/queries/archive.ts';

export const archiveVersion = 1;

export interface ArchiveHead {
  readonly vambe_archive: number;
  readonly schema_version: number;
  /** ISO 8601. */
  readonly written_at: string;
  readonly tables: readonly ArchiveTable[];
}

export type RowCounts = Readonly<Record<string, number>>;

/** The lines of an archive, each with its end; `onRow` is told of each row's table. */
export async function* archiveLines(
  head: Omit<ArchiveHead, 'vambe_archive'>,
  rows: AsyncIterable<ArchivedRow>,
  onRow: (table: string) => void = () => undefined,
): AsyncGenerator<string> {
  yield `${JSON.stringify({ vambe_archive: archiveVersion, ...head })}\n`;
  const counts: Record<string, number> = Object.fromEntries(head.tables.map(({ name }) => [name, 0]));
  for await (const { table, json } of rows) {
    counts[table] = (counts[table] ?? 0) + 1;
    onRow(table);
    yield `[${JSON.stringify(table)},${json}]\n`;
  }
  yield `${JSON.stringify({ end: counts })}\n`;
}

export interface OpenArchive {
  readonly head: ArchiveHead;
  /** Ends in an error where the file is cut short or was changed. @throws AppError INPUT_FILE_INVALID */
  readonly rows: AsyncIterable<ArchivedRow>;
}

/** Reads lines as `archiveLines` writes them, one at a time; `name` is the file in messages. @throws AppError INPUT_FILE_INVALID */
export async function openArchive(lines: AsyncIterable<string>, name: string): Promise<OpenArchive> {
  const iterator = lines[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = parseHead(first.done ? '' : first.value);
  if (head === undefined) throw damaged(name, 'is no archive of "vambe export --format archive"');
  if (head.vambe_archive !== archiveVersion) {
    throw new AppError(
      'INPUT_FILE_INVALID',
      `"${name}" is an archive of version ${head.vambe_archive}, this build reads version ${archiveVersion}. Install the vambe-ai-worker that wrote it.`,
    );
  }
  return { head, rows: readRows(iterator, head, name) };
}

function parseHead(line: string): ArchiveHead | undefined {
  if (!line.startsWith('{"vambe_archive":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    // A line that begins like a head and is none.
    return undefined;
  }
}

async function* readRows(
  iterator: AsyncIterator<string>,
  { tables }: ArchiveHead,
  name: string,
): AsyncGenerator<ArchivedRow> {
  const heads = tables.map((table) => ({ table: table.name, start: `[${JSON.stringify(table.name)},{` }));
  const counts: Record<string, number> = Object.fromEntries(tables.map((table) => [table.name, 0]));
  let known = heads[0];
  for (let line = await iterator.next(); !line.done; line = await iterator.next()) {
    const text = line.value;
    if (text.startsWith('{"end":')) return checkCounts(text, counts, name);
    if (known === undefined || !text.startsWith(known.start)) known = heads.find(({ start }) => text.startsWith(start));
    if (known === undefined || !text.endsWith('}]')) throw damaged(name, 'holds a line that is no row');
    counts[known.table] = (counts[known.table] ?? 0) + 1;
    yield { table: known.table, json: text.slice(known.start.length - 1, -1) };
  }
  throw damaged(name, 'ends before its last line');
}

function checkCounts(line: string, counts: RowCounts, name: string): void {
  if (line !== JSON.stringify({ end: counts })) throw damaged(name, 'has other rows than its last line says');
}

function damaged(name: string, problem: string): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${name}" ${problem}. Nothing was imported; export it again.`);
}
