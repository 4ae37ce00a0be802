/** Imports meetings from an opened file: checks rows, saves them chunk by chunk, and reports the outcome of each. */
import { AppError } from '../../core/errors.ts';
import type { StoredMeeting } from '../../models/queries/meeting-store.ts';
import type { MeetingCells } from './csv/csv-header.ts';
import { nameForm } from './csv/date-form.ts';
import type { MeetingRecord } from './csv/meeting-record.ts';
import { type MeetingRow, toMeetingRow } from './csv/meeting-row.ts';
import type { MeetingsSource } from './csv/meetings-source.ts';
import { type Repair, repairNotes } from './csv/repair-cell.ts';
import { createToInstant } from './csv/zoned-time.ts';

export type { MeetingRow } from './csv/meeting-row.ts';

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
  saveChunk(rows: readonly MeetingRow[]): Promise<readonly StoredMeeting[]>;
}

interface RowNote {
  /** First line of the row in the file; the header is line 1. */
  readonly line: number;
  readonly reason: string;
}

/** `cells` is absent where the row could not be taken apart. */
export interface RejectedRow extends RowNote {
  readonly cells?: MeetingCells;
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
  /** comma, semicolon, tab or pipe; null: cells are not separated by a character. */
  readonly delimiter: string | null;
  /** Such as day-month-year; null where no row holds a date. */
  readonly datesReadAs: string | null;
  /** Whether `signal` ended it early; what is counted is saved. */
  readonly isInterrupted: boolean;
}

export interface ImportDeps {
  readonly store: MeetingStore;
  /** Ids of a chunk that is committed, so that the caller can enqueue them; not called for none. */
  onInserted?(meetingIds: readonly number[]): Promise<void>;
  onRejected?(row: RejectedRow): Promise<void>;
  /** After each chunk: rows done so far. */
  onProgress?(rowsDone: number): void;
}

export interface ImportOptions {
  /** IANA name: the zone of dates that name none (IMPORT_TIMEZONE). */
  readonly timeZone: string;
  readonly now: Date;
  /** Rows a transaction, 500 unless told. */
  readonly chunkRows?: number;
  /** Stops after the chunk that is being saved. */
  readonly signal?: AbortSignal;
}

/** 500 transcripts of the allowed length would be a statement of a gigabyte. */
const maxChunkChars = 16_000_000;

/**
 * Reads the file to its end and saves every good row. Safe to run twice: the second time all rows are `existing`.
 * @throws AppError SETTINGS_INVALID for an unknown time zone, and what the store throws; chunks before that stay saved.
 */
export async function importMeetings(
  source: MeetingsSource,
  deps: ImportDeps,
  { timeZone, now, chunkRows = 500, signal }: ImportOptions,
): Promise<ImportReport> {
  const toInstant = createToInstant(timeZone);
  const tally = { inserted: 0, existing: 0 };
  const notes = createNoteCounter();
  const differing: { line: number; meetingId: number }[] = [];
  const rejected: RowNote[] = [];
  const warnings: RowNote[] = [];
  let chunk: MeetingRow[] = [];
  let chunkChars = 0;

  const reject = async (row: RejectedRow): Promise<void> => {
    rejected.push({ line: row.line, reason: row.reason });
    await deps.onRejected?.(row);
  };
  const saveChunk = async (): Promise<void> => {
    const rows = chunk;
    chunk = [];
    chunkChars = 0;
    const outcomes = await saveRows(rows, deps.store);
    const insertedIds: number[] = [];
    for (const [row, outcome] of outcomes) {
      if (outcome.kind === 'inserted') insertedIds.push(outcome.meetingId);
      else if (outcome.kind === 'existing') tally.existing += 1;
      else differing.push({ line: row.line, meetingId: outcome.meetingId });
    }
    tally.inserted += insertedIds.length;
    if (insertedIds.length > 0) await deps.onInserted?.(insertedIds);
    deps.onProgress?.(tally.inserted + tally.existing + differing.length + rejected.length);
  };
  const take = async (record: MeetingRecord): Promise<void> => {
    const { line, cells } = record;
    const tell = (reason: string) => (record.file === undefined ? reason : `"${record.file}": ${reason}`);
    if (record.kind === 'broken') return reject({ line, reason: tell(record.reason), cells });
    const reading = toMeetingRow(record.cells, {
      line,
      dateForm: source.dateForm,
      toInstant,
      now,
      isTranscriptFile: record.file !== undefined,
    });
    if ('rejected' in reading) return reject({ line, reason: tell(reading.rejected), cells });
    warnings.push(...[...record.notes, ...reading.warnings].map((reason) => ({ line, reason: tell(reason) })));
    if (record.cells.closed.trim() === '') notes.countEmptyClosed();
    for (const repair of reading.repairs) notes.count(repair, line);
    chunk.push(reading.ok);
    chunkChars += reading.ok.transcript?.length ?? 0;
  };

  for await (const record of source.records) {
    if (signal?.aborted) break;
    await take(record);
    if (chunk.length >= chunkRows || chunkChars >= maxChunkChars) await saveChunk();
  }
  if (chunk.length > 0 && !signal?.aborted) await saveChunk();

  return {
    read: tally.inserted + tally.existing + differing.length + rejected.length,
    ...tally,
    differing: differing.sort((a, b) => a.line - b.line),
    rejected,
    warnings,
    fileNotes: [...source.notes, ...notes.tell()],
    encoding: source.encoding,
    delimiter: source.delimiter,
    datesReadAs: source.dateForm === undefined ? null : nameForm(source.dateForm),
    isInterrupted: signal?.aborted ?? false,
  };
}

/** What was read otherwise than it is written, counted over the rows. */
function createNoteCounter() {
  let emptyClosed = 0;
  const repaired = new Map<Repair, { rows: number; firstLine: number }>();
  const rowsOf = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
  return {
    countEmptyClosed() {
      emptyClosed += 1;
    },
    count(repair: Repair, line: number) {
      const { rows, firstLine } = repaired.get(repair) ?? { rows: 0, firstLine: line };
      repaired.set(repair, { rows: rows + 1, firstLine });
    },
    tell(): string[] {
      const empty = emptyClosed === 0 ? [] : [`An empty "closed" was read as not closed in ${rowsOf(emptyClosed)}.`];
      const repairs = [...repaired].map(
        ([repair, { rows, firstLine }]) =>
          `${repairNotes[repair].replace('%s', rowsOf(rows))}, first in line ${firstLine}.`,
      );
      return [...empty, ...repairs];
    },
  };
}

/**
 * Saves rows that may repeat one another. Of rows that are the same meeting only the first goes to the store; the next
 * ones are `existing` or `differs` by comparison with it, or, where the stored transcript is not known, go after it.
 */
async function saveRows(
  rows: readonly MeetingRow[],
  store: MeetingStore,
): Promise<readonly (readonly [MeetingRow, StoredMeeting])[]> {
  const settled: [MeetingRow, StoredMeeting][] = [];
  let waiting = rows;
  while (waiting.length > 0) {
    const groups = groupByMeeting(waiting);
    const firsts = [...groups.values()].flatMap((group) => group.slice(0, 1));
    const outcomes = await store.saveChunk(firsts);
    if (outcomes.length !== firsts.length) {
      throw new AppError('BUG', `The store gave ${outcomes.length} outcomes for ${firsts.length} rows.`);
    }
    const next: MeetingRow[] = [];
    for (const [index, first] of firsts.entries()) {
      const outcome = outcomes[index];
      if (!outcome) continue;
      settled.push([first, outcome]);
      for (const row of (groups.get(meetingKey(first)) ?? []).slice(1)) {
        const repeat = compare(row, first, outcome);
        if (repeat) settled.push([row, repeat]);
        else next.push(row);
      }
    }
    waiting = next;
  }
  return settled;
}

/** Sellers whose names give one address may or may not be one seller: they are kept apart, but compared by the store. */
function meetingKey({ clientEmail, clientName, sellerEmail, meetingAt }: MeetingRow): string {
  const client = clientEmail === null ? `name ${clientName}` : `e-mail ${clientEmail}`;
  return JSON.stringify([client, sellerEmail, meetingAt.getTime()]);
}

/** Undefined where only the store can tell. */
function compare(row: MeetingRow, first: MeetingRow, outcome: StoredMeeting): StoredMeeting | undefined {
  if (row.sellerName !== first.sellerName) return undefined;
  const { meetingId } = outcome;
  if (row.transcript === first.transcript)
    return { kind: outcome.kind === 'differs' ? 'differs' : 'existing', meetingId };
  return outcome.kind === 'differs' ? undefined : { kind: 'differs', meetingId };
}

function groupByMeeting(rows: readonly MeetingRow[]): Map<string, MeetingRow[]> {
  const groups = new Map<string, MeetingRow[]>();
  for (const row of rows) {
    const key = meetingKey(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
