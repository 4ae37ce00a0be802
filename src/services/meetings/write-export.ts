/** Streams all meetings with their labels, or an archive of every table, into a writable stream. */
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Database } from '../../core/connections/database.ts';
import { readArchive } from '../../models/queries/archive.ts';
import { streamMeetings, streamReviewedMeetings } from '../../models/queries/meetings.ts';
import { archiveLines } from '../archive/archive-format.ts';
import { type ExportFormat, exportForEval, exportMeetings } from './export-meetings.ts';

export interface ExportRequest {
  /** `eval`: lines of meetings that people reviewed, for `vambe eval`. */
  readonly format: ExportFormat | 'archive' | 'eval';
  readonly isExcel?: boolean;
  /** Of the database: the number of migrations. */
  readonly schemaVersion: number;
  readonly to: Writable;
  /** Whether the target ends with the export; stdout does not. */
  readonly end: boolean;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** The number of meetings written. @throws AppError DATABASE_*, what the target says, or as aborted */
export async function writeExport(database: Database, request: ExportRequest): Promise<number> {
  const { format, to, end, signal } = request;
  if (format === 'archive') return writeArchive(database, request);
  let meetings = 0;
  async function* counted<T>(rows: AsyncIterable<T>) {
    for await (const row of rows) {
      meetings += 1;
      yield row;
    }
  }
  const text =
    format === 'eval'
      ? exportForEval(counted(streamReviewedMeetings(database)))
      : exportMeetings(counted(streamMeetings(database)), format, request);
  await pipeline(Readable.from(text), to, { end, signal });
  return meetings;
}

async function writeArchive(
  database: Database,
  { schemaVersion, to, end, now, signal }: ExportRequest,
): Promise<number> {
  let meetings = 0;
  await readArchive(database, async ({ tables, rows }) => {
    const head = { schema_version: schemaVersion, written_at: now.toISOString(), tables };
    const lines = archiveLines(head, rows(), (table) => {
      if (table === 'public.meetings') meetings += 1;
    });
    await pipeline(Readable.from(lines), createGzip(), to, { end, signal });
  });
  return meetings;
}
