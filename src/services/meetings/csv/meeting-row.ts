/** Turns the seven cells of one CSV row into a meeting that the database can hold, or a reason why not. */
import { createHash } from 'node:crypto';
import type { MeetingToStore } from '../../../models/queries/meeting-store.ts';
import { type MeetingCell, type MeetingCells, meetingColumns } from './csv-header.ts';
import type { DateForm } from './date-form.ts';
import { readMeetingDate } from './meeting-date.ts';
import type { ToInstant } from './zoned-time.ts';

/** One meeting as a file states it, cleaned and checked: every text fits its column, no NUL, NFC, no lone surrogates. */
export interface MeetingRow extends MeetingToStore {
  /** First line of the row in its file, 1-based: the header is line 1. */
  readonly line: number;
}

export type RowReading =
  | { readonly ok: MeetingRow; readonly warnings: readonly string[] }
  | { readonly rejected: string };

export interface RowContext {
  readonly line: number;
  /** Of the whole file; see readMeetingDate. */
  readonly dateForm: DateForm | undefined;
  readonly toInstant: ToInstant;
  /** A meeting after it is kept, with a warning. */
  readonly now: Date;
}

/** Failure-matrix limit of a transcript, in UTF-16 code units. */
const maxTranscriptChars = 2_000_000;
/** varchar(255) of clients and sellers counts code points. */
const maxColumnChars = 255;
const shownChars = 80;

/** As `closedKey` makes them: in lower case, without accents, spaces, hyphens and underscores. */
const closedWords: ReadonlyMap<string, boolean> = new Map([
  ...'1 true t verdadero v si s yes y x ✓ ✔ ganado ganada won closedwon cerradoganado cerradaganada'
    .split(' ')
    .map((word): [string, boolean] => [word, true]),
  ...'0 false f falso no n perdido perdida lost closedlost cerradoperdido cerradaperdida'
    .split(' ')
    .map((word): [string, boolean] => [word, false]),
  // In a column of crosses the other cells are empty.
  ['', false],
]);
const closedForms =
  '0, 1, true, false, verdadero, falso, sí, no, yes, S, Y, N, x, empty, ganado, perdido, won, lost, Closed Won or Closed Lost';
const emailShape = /^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\.]+(\.[^\s@<>()[\],;:"\\.]+)+$/;

/** Checks and cleans one row. A rejected one comes with every reason there is, never with words of its transcript. */
export function toMeetingRow(cells: MeetingCells, { line, dateForm, toInstant, now }: RowContext): RowReading {
  const faults: string[] = [];
  const fault = (cell: MeetingCell, problem: string): void => {
    faults.push(`"${meetingColumns[cell]}" ${problem}`);
  };
  const shortText = (cell: MeetingCell): string => {
    const text = clean(cells[cell]).replace(/\s+/g, ' ').trim();
    const length = [...text].length;
    if (length > maxColumnChars) fault(cell, `has ${length} characters, at most ${maxColumnChars} fit`);
    return text;
  };

  const clientName = shortText('name');
  if (clientName === '') fault('name', 'is empty; a meeting needs a client');
  const email = shortText('email').toLowerCase();
  if (email !== '' && !emailShape.test(email)) fault('email', `is not an e-mail address: ${shown(email)}`);
  // Spreadsheets and safe exports put ' before a leading + to keep it text.
  const phone = shortText('phone').replace(/^'(?=\+)/, '');
  const sellerName = shortText('seller');
  if (sellerName === '') fault('seller', 'is empty; a meeting needs a seller');

  const date = readMeetingDate(clean(cells.date), dateForm, toInstant);
  if ('problem' in date) fault('date', date.problem);
  const closedText = shortText('closed');
  const closed = closedWords.get(closedKey(closedText));
  if (closed === undefined) fault('closed', `must be ${closedForms}, got ${shown(closedText)}`);
  const transcript = clean(cells.transcript).replace(/\r\n?/g, '\n');
  if (transcript.length > maxTranscriptChars) {
    const limit = maxTranscriptChars.toLocaleString('en');
    fault('transcript', `has ${transcript.length.toLocaleString('en')} characters, at most ${limit} are taken`);
  }

  if (faults.length > 0 || 'problem' in date || closed === undefined) return { rejected: `${faults.join('; ')}.` };
  const isFuture = date.at.getTime() > now.getTime();
  return {
    ok: {
      line,
      clientName,
      clientEmail: email === '' ? null : email,
      clientPhone: phone === '' ? null : phone,
      sellerName,
      sellerEmail: makeSellerEmail(sellerName),
      meetingAt: date.at,
      closed,
      transcript: transcript.trim() === '' ? null : transcript,
    },
    warnings: isFuture ? [`The meeting is in the future (${date.at.toISOString()}).`] : [],
  };
}

/** `María José Pérez` → `maria-jose-perez@sellers.local`: the same name always gives the same address. */
export function makeSellerEmail(name: string): string {
  const slug = withoutAccents(name)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 200);
  // A name in another script leaves nothing, and two of them must not become one seller.
  const local = slug || `seller-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
  return `${local}@sellers.local`;
}

/** PostgreSQL refuses NUL and lone surrogates; NFC makes the same word the same text. */
function clean(text: string): string {
  return text
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .normalize('NFC');
}

function withoutAccents(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '');
}

/** `1.0` and `1,00` are what spreadsheets and data frames make of 1. */
function closedKey(text: string): string {
  return withoutAccents(text)
    .toLowerCase()
    .replace(/[\s_-]+/g, '')
    .replace(/^([01])[.,]0+$/, '$1');
}

/** Columns may have slipped, so a long value or one with spaces may be a transcript. */
function shown(value: string): string {
  if (value === '') return 'an empty cell';
  return value.length > shownChars || value.includes(' ') ? `a text of ${value.length} characters` : `"${value}"`;
}
