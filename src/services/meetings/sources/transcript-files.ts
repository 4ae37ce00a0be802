/** Opens transcript files, one meeting each, as meetings of a table. */
import { basename } from 'node:path';
import { AppError } from '../../../core/errors.ts';
import { cellNames, meetingColumns } from '../csv/column-names.ts';
import type { MeetingCells } from '../csv/csv-header.ts';
import type { EncodingName } from '../csv/file-text.ts';
import type { MeetingRecord } from '../csv/meeting-record.ts';
import { decideDates, type MeetingsSource, type SourceOptions } from '../csv/meetings-source.ts';
import { readFileHead } from './file-head.ts';
import type { Sidecar } from './sidecar.ts';
import { readTranscriptFile } from './transcript-text.ts';

export interface TranscriptOptions extends SourceOptions {
  /** Of all files, as options give them. */
  readonly given?: Partial<MeetingCells>;
  readonly sidecar?: Sidecar;
  readonly encoding?: EncodingName;
}

const needed = ['name', 'seller', 'date'] as const;
const options = { name: '--client', seller: '--seller', date: '--date' } as const;

/**
 * What the sidecar says of a file comes before what the options give for all, and that before the file's own head. A file
 * that cannot be read, or does not say client, seller and date, is a broken record. @throws AppError INPUT_FILE_INVALID
 * where the dates fit several orders
 */
export async function openTranscriptFiles(
  paths: readonly string[],
  choices: TranscriptOptions = {},
): Promise<MeetingsSource> {
  async function* read(): AsyncGenerator<MeetingRecord> {
    for (const [index, path] of paths.entries()) yield await readOne(path, index + 1, choices);
  }
  const records = { [Symbol.asyncIterator]: read };
  const dates = await decideDates(records, choices);
  if (dates !== undefined && 'problem' in dates) {
    const problem = dates.problem.replace('has dates', 'have dates').replace(/in line (\d+)/, 'in file $1');
    throw new AppError('INPUT_FILE_INVALID', `The transcript files ${problem}`);
  }
  const unused = choices.sidecar?.unused() ?? [];
  return {
    format: 'transcripts',
    encoding: 'transcript files',
    delimiter: null,
    headerLine: null,
    columns: {},
    notes:
      unused.length === 0 ? [] : [`The sidecar names files that were not given: ${unused.slice(0, 12).join(', ')}.`],
    dateForm: dates?.form,
    records,
  };
}

async function readOne(
  path: string,
  line: number,
  { given = {}, sidecar, encoding }: TranscriptOptions,
): Promise<MeetingRecord> {
  const file = basename(path);
  try {
    const transcript = await readTranscriptFile(path, encoding);
    const known = { ...readFileHead(transcript), ...given, ...sidecar?.of(path), transcript };
    const cells = Object.fromEntries(cellNames.map((cell) => [cell, known[cell] ?? ''])) as MeetingCells;
    const missing = needed.filter((cell) => cells[cell].trim() === '');
    if (missing.length === 0) return { kind: 'cells', line, file, cells, notes: [] };
    const names = missing.map((cell) => `"${meetingColumns[cell]}"`).join(', ');
    const reason = `The file does not say ${names}. Give ${missing.map((cell) => options[cell]).join(', ')}, a --sidecar, or lines such as "Fecha: 2024-05-02" at its top.`;
    return { kind: 'broken', line, file, reason, cells };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: 'broken', line, file, reason: error.message };
  }
}
