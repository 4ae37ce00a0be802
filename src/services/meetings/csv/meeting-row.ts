/** Turns the seven cells of one CSV row into a meeting that the database can hold, or a reason why not. */
import { createHash } from 'node:crypto';
import { withoutDirectionControls } from '../../../core/text-direction.ts';
import type { MeetingToStore } from '../../../models/queries/meeting-store.ts';
import { type MeetingCell, meetingColumns } from './column-names.ts';
import type { MeetingCells } from './csv-header.ts';
import type { DateForm } from './date-form.ts';
import { readMeetingDate } from './meeting-date.ts';
import { type Repair, repairLineBreaks, repairText, saysNoValue } from './repair-cell.ts';
import type { ToInstant } from './zoned-time.ts';

/** One meeting as a file states it, cleaned and checked: every text fits its column, no NUL, NFC, no lone surrogates. */
export interface MeetingRow extends MeetingToStore {
  /** First line of the row in its file, 1-based: the header is line 1. */
  readonly line: number;
}

export type RowReading =
  | { readonly ok: MeetingRow; readonly warnings: readonly string[]; readonly repairs: ReadonlySet<Repair> }
  | { readonly rejected: string };

export interface RowContext {
  readonly line: number;
  /** Of the whole file; see readMeetingDate. */
  readonly dateForm: DateForm | undefined;
  readonly toInstant: ToInstant;
  /** A meeting after it is kept, with a warning. */
  readonly now: Date;
  /** The transcript is a file of its own: it is kept as it is. */
  readonly isTranscriptFile?: boolean;
}

/** Failure-matrix limit of a transcript, in UTF-16 code units. */
const maxTranscriptChars = 2_000_000;
/** varchar(255) of clients and sellers counts code points. */
const maxColumnChars = 255;
const shownChars = 80;

/** As `closedKey` makes them: in lower case, without accents and marks. */
const closedWords: ReadonlyMap<string, boolean> = new Map([
  ...'1 true t verdadero v si s yes y x ✓ ✔ ganado ganada won closedwon cerradoganado cerradaganada cierreganado'
    .split(' ')
    .map((word): [string, boolean] => [word, true]),
  ...'0 false f falso no n perdido perdida lost closedlost cerradoperdido cerradaperdida cierreperdido'
    .split(' ')
    .map((word): [string, boolean] => [word, false]),
  // Deals that are not decided yet, as HubSpot, Salesforce and Pipedrive name their stages.
  ...'open abierto abierta encurso enproceso inprogress appointmentscheduled qualifiedtobuy presentationscheduled decisionmakerboughtin contractsent prospecting qualification needsanalysis valueproposition iddecisionmakers perceptionanalysis proposalpricequote negotiationreview'
    .split(' ')
    .map((word): [string, boolean] => [word, false]),
  // In a column of crosses the other cells are empty.
  ['', false],
]);
const closedForms =
  '0, 1, true, false, verdadero, falso, sí, no, yes, S, Y, N, x, empty, ganado, perdido, won, lost, open, Closed Won or Closed Lost';
const roundedNumber = /^[+-]?(\d+)(?:[.,](\d+))?E\+?(\d{1,2})$/i;
const emailShape = /^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\.]+(\.[^\s@<>()[\],;:"\\.]+)+$/;

/** Checks and cleans one row. A rejected one comes with every reason there is, never with words of its transcript. */
export function toMeetingRow(
  cells: MeetingCells,
  { line, dateForm, toInstant, now, isTranscriptFile }: RowContext,
): RowReading {
  const faults: string[] = [];
  const warnings: string[] = [];
  const repairs = new Set<Repair>();
  const fault = (cell: MeetingCell, problem: string): void => {
    faults.push(`"${meetingColumns[cell]}" ${problem}`);
  };
  const shortText = (cell: MeetingCell): string => {
    const text = withoutDirectionControls(clean(repairText(cells[cell], repairs)))
      .replace(/\s+/g, ' ')
      .trim();
    const length = [...text].length;
    if (length > maxColumnChars) fault(cell, `has ${length} characters, at most ${maxColumnChars} fit`);
    return text;
  };
  const filledText = (cell: MeetingCell): string => {
    const text = shortText(cell);
    if (!saysNoValue(text)) return text;
    repairs.add('no value');
    return '';
  };

  const clientName = shortText('name');
  if (clientName === '') fault('name', 'is empty; a meeting needs a client');
  const email = bareAddress(filledText('email')).toLowerCase();
  if (email !== '' && !emailShape.test(email)) fault('email', `is not an e-mail address: ${shown(email)}`);
  const phone = readPhone(filledText('phone'));
  if (phone.isRewritten) repairs.add('number form');
  if (phone.warning !== undefined) warnings.push(phone.warning);
  const sellerName = shortText('seller');
  if (sellerName === '') fault('seller', 'is empty; a meeting needs a seller');

  const date = readMeetingDate(clean(cells.date), dateForm, toInstant);
  if ('problem' in date) fault('date', date.problem);
  const closedText = shortText('closed');
  const closed = closedWords.get(closedKey(closedText));
  if (closed === undefined) fault('closed', `must be ${closedForms}, got ${shown(closedText)}`);
  const transcript = isTranscriptFile
    ? clean(cells.transcript).replace(/\r\n?/g, '\n')
    : readTranscript(cells.transcript, repairs);
  if (transcript.length > maxTranscriptChars) {
    const limit = maxTranscriptChars.toLocaleString('en');
    fault('transcript', `has ${transcript.length.toLocaleString('en')} characters, at most ${limit} are taken`);
  }

  if (faults.length > 0 || 'problem' in date || closed === undefined) return { rejected: `${faults.join('; ')}.` };
  if (date.at.getTime() > now.getTime()) warnings.push(`The meeting is in the future (${date.at.toISOString()}).`);
  return {
    ok: {
      line,
      clientName,
      clientEmail: email === '' ? null : email,
      clientPhone: phone.text === '' ? null : phone.text,
      sellerName,
      sellerEmail: makeSellerEmail(sellerName),
      meetingAt: date.at,
      closed,
      transcript: transcript.trim() === '' ? null : transcript,
    },
    warnings,
    repairs,
  };
}

function readTranscript(cell: string, repairs: Set<Repair>): string {
  const text = repairLineBreaks(clean(repairText(cell, repairs)).replace(/\r\n?/g, '\n'), repairs);
  if (!saysNoValue(text)) return text;
  repairs.add('no value');
  return '';
}

/** The address of `mailto:ana@example.com` and `Ana <ana@example.com>`. */
function bareAddress(text: string): string {
  const inBrackets = /<([^<>]*)>[\s;,]*$/.exec(text)?.[1] ?? text;
  return inBrackets
    .replace(/^mailto:/i, '')
    .replace(/[?].*$/, '')
    .replace(/[\s;,]+$/, '')
    .trim();
}

/** A number in another form is written out where no digit is lost; where digits are lost it is none. */
function readPhone(text: string): { text: string; isRewritten?: boolean; warning?: string } {
  // Spreadsheets and safe exports put ' before a leading + to keep it text.
  const phone = text.replace(/^'(?=\+)/, '');
  if (/^\d{6,}[.,]0+$/.test(phone)) return { text: phone.replace(/[.,]0+$/, ''), isRewritten: true };
  const [, whole, decimals = '', exponent] = roundedNumber.exec(phone) ?? [];
  if (whole === undefined) return { text: phone };
  if (decimals.length === Number(exponent)) return { text: `${whole}${decimals}`, isRewritten: true };
  const column = meetingColumns.phone;
  return { text: '', warning: `"${column}" is ${shown(phone)}: a spreadsheet rounded the number. It was left out.` };
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
    .trim()
    .replace(/^([01])[.,]0+$/, '$1')
    .replace(/[\s_/().-]+/g, '');
}

/** Columns may have slipped, so a long value or one with spaces may be a transcript. */
function shown(value: string): string {
  if (value === '') return 'an empty cell';
  return value.length > shownChars || value.includes(' ') ? `a text of ${value.length} characters` : `"${value}"`;
}
