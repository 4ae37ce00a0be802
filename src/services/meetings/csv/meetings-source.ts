/** Meetings of a file, in any format: what was recognised of the file, and its rows. */

import type { DelimiterName } from './csv-top.ts';
import { createDateColumn, type DateDecision } from './date-column.ts';
import type { DateForm, DateOrder } from './date-form.ts';
import type { MeetingRecord } from './meeting-record.ts';

export interface MeetingsSource {
  readonly format: 'csv' | 'xlsx' | 'transcripts';
  readonly encoding: string;
  /** null: cells are not separated by a character. */
  readonly delimiter: DelimiterName | null;
  /** 1-based; null: there is no header. */
  readonly headerLine: number | null;
  /** By our column name: the columns of the file that it is read from. */
  readonly columns: Readonly<Record<string, string>>;
  /** On the whole file: columns that are ignored, characters that were damaged. */
  readonly notes: readonly string[];
  /** The form of the dates of all rows; undefined where no row holds a date. */
  readonly dateForm: DateForm | undefined;
  /** Reads from the first row; blank lines are left out. */
  readonly records: AsyncIterable<MeetingRecord>;
}

export interface SourceOptions {
  /** Order of dates that fit several. */
  readonly dateOrder?: DateOrder;
  /** Now, unless told: helps to tell the years from the days where years have two digits. */
  readonly now?: Date;
  /** Ends the look at the rows early; the form of the dates is not known then. */
  readonly signal?: AbortSignal;
}

/** Undefined for a file without rows. */
export async function decideDates(
  records: MeetingsSource['records'],
  { dateOrder, now = new Date(), signal }: SourceOptions,
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
