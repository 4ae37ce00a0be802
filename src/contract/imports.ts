/** What `vambe import --json` says. */
import * as z from 'zod';
import type { RestoredArchive } from '../services/archive/restore-archive.ts';
import type { ImportedFile } from '../services/meetings/import-file.ts';
import type { ImportPreview } from '../services/meetings/preview-import.ts';
import { meetingId } from './labels.ts';
import { list, moment } from './pieces.ts';

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

/** Of several files, or of a folder. */
export const importsDocument = z.strictObject({
  success: z.boolean(),
  inserted: z.int(),
  queued: z.int(),
  rejected: z.int(),
  files: list(importDocument),
});

export function toImportsDocument(
  imported: readonly { readonly name: string; readonly imported: ImportedFile }[],
): z.infer<typeof importsDocument> {
  const files = imported.map((each) => toImportDocument(each.name, each.imported));
  const sum = (count: (file: z.infer<typeof importDocument>) => number) =>
    files.reduce((all, each) => all + count(each), 0);
  return {
    success: files.every(({ success }) => success),
    inserted: sum(({ inserted }) => inserted),
    queued: sum(({ queued }) => queued),
    rejected: sum(({ rejected }) => rejected.length),
    files,
  };
}

/** Of `--dry-run`: nothing was stored. */
export const previewDocument = z.strictObject({
  success: z.boolean(),
  dry_run: z.literal(true),
  files: list(
    z.strictObject({
      file: z.string(),
      format: z.enum(['csv', 'xlsx', 'transcripts']),
      encoding: z.string(),
      delimiter: z.string().nullable(),
      /** Line of the header; null where there is none. */
      header_line: z.int().nullable(),
      /** By our column name: the file's columns. */
      columns: z.record(z.string(), z.string()),
      dates_read_as: z.string().nullable(),
      read: z.int(),
      would_be_stored: z.int(),
      /** Rows of the file that are a meeting of another row. */
      repeated: z.int(),
      rejected: list(rowNote),
      warnings: list(rowNote),
      file_notes: list(z.string()),
      /** The first five, as they would be stored. */
      rows: list(
        z.strictObject({
          line: z.int(),
          client_name: z.string(),
          client_email: z.string().nullable(),
          client_phone: z.string().nullable(),
          seller_name: z.string(),
          meeting_at: moment,
          closed: z.boolean(),
          transcript: z.string().nullable(),
        }),
      ),
    }),
  ),
});

export function toPreviewDocument(
  previews: readonly { readonly name: string; readonly preview: ImportPreview }[],
): z.infer<typeof previewDocument> {
  return {
    success: previews.every(({ preview }) => preview.report.rejected.length === 0),
    dry_run: true,
    files: previews.map(({ name, preview: { source, report, rows } }) => ({
      file: name,
      format: source.format,
      encoding: report.encoding,
      delimiter: report.delimiter,
      header_line: source.headerLine,
      columns: source.columns,
      dates_read_as: report.datesReadAs,
      read: report.read,
      would_be_stored: report.inserted,
      repeated: report.existing + report.differing.length,
      rejected: report.rejected,
      warnings: report.warnings,
      file_notes: report.fileNotes,
      rows: rows.map((row) => ({
        line: row.line,
        client_name: row.clientName,
        client_email: row.clientEmail,
        client_phone: row.clientPhone,
        seller_name: row.sellerName,
        meeting_at: row.meetingAt.toISOString(),
        closed: row.closed,
        transcript: row.transcript,
      })),
    })),
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
