/** Writes meetings with their labels as CSV, JSON lines or one JSON document, row by row. */
import type { ExportedMeeting, ReviewedTranscript } from '../../models/queries/meetings.ts';
import { type CsvForm, csvForm } from './csv/csv-form.ts';
import { csvLine } from './csv/csv-line.ts';

/** One row of an export: null where a meeting has no classification. Names are those of the exported columns. */
export type ExportRow = ExportedMeeting;

export type ExportFormat = 'csv' | 'jsonl' | 'json';

export interface ExportOptions {
  /** CSV that Excel opens by a double click: byte order mark and semicolons. */
  readonly isExcel?: boolean;
}

/** Every column, in the order of the export; the type below holds it to ExportRow. */
export const exportColumns = [
  'meeting_id',
  'client_name',
  'client_email',
  'seller_name',
  'meeting_at',
  'closed',
  'classification_id',
  'business_sector',
  'company_size',
  'region',
  'lead_source',
  'vambe_product',
  'use_case',
  'primary_pain_point',
  'urgency',
  'decision_maker_role',
  'purchase_stage',
  'language',
  'sentiment',
  'lost_client_bad_meeting',
  'categories',
  'other_fields',
  'confidence_score',
  'key_topics',
  'action_items',
  'next_steps',
  'summary',
  'model_used',
  'processed_at',
  'processing_time_ms',
  'classification_created_at',
  'classification_updated_at',
  'reviewed_fields',
  'confidence_by_field',
  'transcript',
] as const satisfies readonly (keyof ExportRow)[];

type Value = ExportRow[keyof ExportRow];

/**
 * The text of an export in pieces, one row at a time in memory. Rows without a row still give a header (csv) or `[]`
 * (json). CSV: dates as ISO 8601, lists as JSON, null as an empty cell, and `'` before a text cell that a spreadsheet would
 * run as a formula; JSON keeps every value as it is.
 */
export function exportMeetings(
  rows: AsyncIterable<ExportRow>,
  format: ExportFormat,
  { isExcel = false }: ExportOptions = {},
): AsyncIterable<string> {
  if (format === 'csv') return toCsv(rows, csvForm({ isExcel }));
  return format === 'jsonl' ? toJsonLines(rows) : toJson(rows);
}

async function* toCsv(rows: AsyncIterable<ExportRow>, { delimiter, bom }: CsvForm): AsyncGenerator<string> {
  yield bom + csvLine(exportColumns, delimiter);
  for await (const row of rows)
    yield csvLine(
      exportColumns.map((column) => toCell(row[column])),
      delimiter,
    );
}

/** Lines of labelled meetings as `vambe eval` reads them: what people said is right, other labels are not known to be. */
export async function* exportForEval(rows: AsyncIterable<ReviewedTranscript>): AsyncGenerator<string> {
  for await (const { meeting_id, transcript, corrected } of rows) {
    yield `${JSON.stringify({ id: String(meeting_id), transcript, labels: corrected })}\n`;
  }
}

async function* toJsonLines(rows: AsyncIterable<ExportRow>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(inOrder(row))}\n`;
}

async function* toJson(rows: AsyncIterable<ExportRow>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const row of rows) {
    yield before + JSON.stringify(inOrder(row));
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

function toCell(value: Value): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function inOrder(row: ExportRow): Record<string, Value> {
  return Object.fromEntries(exportColumns.map((column) => [column, row[column]]));
}
