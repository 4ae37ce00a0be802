/** What `vambe import --json` says. */
import { z } from 'zod';
import type { RestoredArchive } from '../services/archive/restore-archive.ts';
import type { ImportedFile } from '../services/meetings/import-file.ts';
import { meetingId } from './labels.ts';
import { list } from './pieces.ts';

const rowNote = z.strictObject({ line: z.int(), reason: z.string() });

export const importDocument = z.strictObject({
  success: z.boolean(),
  file: z.string(),
  encoding: z.string(),
  /** comma, semicolon, tab or pipe; null: cells are not separated by a character. */
  delimiter: z.string().nullable(),
  /** Such as day-month-year; null where no row holds a date. */
  dates_read_as: z.string().nullable(),
  read: z.int(),
  inserted: z.int(),
  existing: z.int(),
  differing: list(z.strictObject({ line: z.int(), meeting_id: meetingId })),
  rejected: list(rowNote),
  warnings: list(rowNote),
  file_notes: list(z.string()),
  without_transcript: z.int(),
  queued: z.int(),
  /** Of the new meetings; null: there are none. */
  first_id: meetingId.nullable(),
  last_id: meetingId.nullable(),
  is_interrupted: z.boolean(),
});

export function toImportDocument(file: string, imported: ImportedFile): z.infer<typeof importDocument> {
  return {
    success: imported.rejected.length === 0 && !imported.isInterrupted,
    file,
    encoding: imported.encoding,
    delimiter: imported.delimiter,
    dates_read_as: imported.datesReadAs,
    read: imported.read,
    inserted: imported.inserted,
    existing: imported.existing,
    differing: imported.differing.map(({ line, meetingId }) => ({ line, meeting_id: meetingId })),
    rejected: imported.rejected.map(({ line, reason }) => ({ line, reason })),
    warnings: imported.warnings,
    file_notes: imported.fileNotes,
    without_transcript: imported.blank,
    queued: imported.queued,
    first_id: imported.ids?.first ?? null,
    last_id: imported.ids?.last ?? null,
    is_interrupted: imported.isInterrupted,
  };
}

/** Of an archive. */
export const restoreDocument = z.strictObject({
  success: z.literal(true),
  file: z.string(),
  /** By table. */
  rows: z.record(z.string(), z.int()),
  open_jobs: z.int(),
});

export function toRestoreDocument(file: string, { rows, openJobs }: RestoredArchive): z.infer<typeof restoreDocument> {
  return { success: true, file, rows, open_jobs: openJobs };
}
