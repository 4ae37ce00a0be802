/** Turns the seven cells of one CSV row into a meeting that the database can hold, or a reason why not. */

/** One meeting as a file states it, cleaned and checked: every text fits its column, no NUL, NFC, no lone surrogates. */
export interface MeetingRow {
  /** First line of the row in its file, 1-based: the header is line 1. */
  readonly line: number;
  readonly clientName: string;
  /** Lower case; null where the file gives none. */
  readonly clientEmail: string | null;
  readonly clientPhone: string | null;
  readonly sellerName: string;
  /** Address made from the seller's name, for a seller that is not in the database yet. */
  readonly sellerEmail: string;
  readonly meetingAt: Date;
  readonly closed: boolean;
  /** At most 2,000,000 UTF-16 code units; null where blank. */
  readonly transcript: string | null;
}
