/** Joins rows of one utterance each into the meetings of their calls. */
import { AppError } from '../../../core/errors.ts';
import { cellNames, type MeetingCell, meetingColumns } from './column-names.ts';
import type { Header } from './csv-header.ts';
import type { CsvRecord } from './csv-records.ts';
import type { MeetingRecord } from './meeting-record.ts';

type Row = Extract<CsvRecord, { kind: 'row' }>;
type CellsRecord = Extract<MeetingRecord, { kind: 'cells' }>;

interface Call {
  readonly line: number;
  readonly cells: Record<MeetingCell, string>;
  readonly utterances: string[];
  readonly notes: Set<string>;
}

/** Calls may be mixed in the file, so all of them are held until its end. */
const maxHeldChars = 256_000_000;

/**
 * One record a call, in the order of their first rows: `Speaker: words` a line where the file has speakers, the other
 * cells from the first row that has them. @throws AppError INPUT_FILE_INVALID for more text than can be held
 */
export async function* groupUtterances(
  records: AsyncIterable<CsvRecord>,
  header: Header,
  toRecord: (row: Row) => MeetingRecord,
): AsyncGenerator<MeetingRecord> {
  const calls = new Map<string, Call>();
  let heldChars = 0;
  for await (const record of records) {
    const read = record.kind === 'row' ? toRecord(record) : record;
    if (record.kind !== 'row' || read.kind !== 'cells') {
      if (read.kind === 'broken') yield read;
      continue;
    }
    const id = (record.cells[header.group] ?? '').trim();
    if (id === '') {
      yield { kind: 'broken', line: read.line, reason: 'The row does not say which call it is of.', cells: read.cells };
      continue;
    }
    const speaker = header.speaker === -1 ? '' : (record.cells[header.speaker] ?? '').trim();
    heldChars += read.cells.transcript.length;
    if (heldChars > maxHeldChars) {
      throw new AppError(
        'INPUT_FILE_INVALID',
        'The utterances of the file are more than can be held. Split it by calls.',
      );
    }
    addUtterance(calls, id, read, speaker);
  }
  for (const { line, cells, utterances, notes } of calls.values()) {
    yield { kind: 'cells', line, cells: { ...cells, transcript: utterances.join('\n') }, notes: [...notes] };
  }
}

function addUtterance(
  calls: Map<string, Call>,
  id: string,
  { line, cells, notes }: CellsRecord,
  speaker: string,
): void {
  const call = calls.get(id) ?? { line, cells: { ...cells }, utterances: [], notes: new Set<string>() };
  calls.set(id, call);
  for (const note of notes) call.notes.add(note);
  for (const cell of cellNames) {
    if (cell === 'transcript' || cells[cell].trim() === '') continue;
    if (call.cells[cell].trim() === '') call.cells[cell] = cells[cell];
    else if (call.cells[cell].trim() !== cells[cell].trim()) {
      call.notes.add(`Rows of this call differ in "${meetingColumns[cell]}"; the first was taken.`);
    }
  }
  const words = cells.transcript.trim();
  if (words !== '') call.utterances.push(speaker === '' ? words : `${speaker}: ${words}`);
}
