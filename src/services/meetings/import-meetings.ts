/** Imports meetings from a read CSV file: checks rows, saves them chunk by chunk, says what became of each. */
import type { MeetingRow } from './meeting-row.ts';

export type { MeetingRow } from './meeting-row.ts';

/** `differs`: same client, seller and date as a stored meeting, another transcript; the stored one was kept as it was. */
export interface RowOutcome {
  readonly kind: 'inserted' | 'existing' | 'differs';
  readonly meetingId: number;
}

/**
 * Saves rows into clients, sellers and meetings.
 * - Client: a row with an e-mail is the client of that e-mail (compared without case), one without is the client of
 *   that exact name that has no e-mail; a client that is there already is kept as it is.
 * - Seller: by exact name; where none has it, one is made with `sellerEmail`, or the one that has this address is taken.
 * - Meeting: the same when client, seller and `meetingAt` agree; then nothing is changed.
 */
export interface MeetingStore {
  /**
   * One transaction: all rows or none. One outcome a row, in the order of the rows. No two rows of a chunk are the same
   * meeting (importMeetings sees to that), though many share clients and sellers. Safe to repeat.
   */
  saveChunk(rows: readonly MeetingRow[]): Promise<readonly RowOutcome[]>;
}

export interface RowNote {
  /** First line of the row in the file; the header is line 1. */
  readonly line: number;
  readonly reason: string;
}

export interface ImportReport {
  /** Rows of the file, blank lines left out: inserted + existing + differing + rejected. */
  readonly read: number;
  readonly inserted: number;
  readonly existing: number;
  readonly differing: readonly { readonly line: number; readonly meetingId: number }[];
  readonly rejected: readonly RowNote[];
  /** Rows that were kept although something about them is odd, such as a date in the future. */
  readonly warnings: readonly RowNote[];
  /** On the whole file, such as columns that were ignored. */
  readonly fileNotes: readonly string[];
  readonly encoding: string;
  readonly delimiter: string;
}
