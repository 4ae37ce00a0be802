/** Opens the files and folders of an import: tables one by one, transcript files together. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { AppError } from '../../../core/errors.ts';
import { beginsWithHeader, type CsvOptions, openMeetingsCsv } from '../csv/csv-file.ts';
import type { MeetingsSource } from '../csv/meetings-source.ts';
import { openSidecar } from './sidecar.ts';
import { openTranscriptFiles } from './transcript-files.ts';
import { isTranscriptFile } from './transcript-text.ts';
import { openMeetingsXlsx } from './xlsx-file.ts';

export interface OpenFilesOptions extends CsvOptions {
  readonly sheet?: string;
  /** Path of a CSV file on the transcript files. */
  readonly sidecar?: string;
}

export interface OpenedFile {
  /** As given; of several transcript files their number. */
  readonly name: string;
  readonly source: MeetingsSource;
  readonly bytes: number;
}

const tableEndings = ['.csv', '.tsv', '.xlsx', '.xlsm'];

/** @throws AppError INPUT_FILE_INVALID, before any row is read twice */
export async function openFiles(
  paths: readonly string[],
  options: OpenFilesOptions = {},
): Promise<readonly OpenedFile[]> {
  const files = (await Promise.all(paths.map((path) => listFiles(path, options.sidecar)))).flat();
  const opened: OpenedFile[] = [];
  const transcripts: string[] = [];
  for (const path of files) {
    if (await isTranscript(path, options)) transcripts.push(path);
    else opened.push({ name: path, source: await openTable(path, options), bytes: await sizeOf([path]) });
  }
  if (transcripts.length === 0) return opened;
  const sidecar = options.sidecar === undefined ? undefined : await openSidecar(options.sidecar, options.encoding);
  const source = await openTranscriptFiles(transcripts, { ...options, sidecar });
  const [only = ''] = transcripts;
  const name = transcripts.length === 1 ? only : `${transcripts.length} transcript files`;
  return [...opened, { name, source, bytes: await sizeOf(transcripts) }];
}

function openTable(path: string, options: OpenFilesOptions): Promise<MeetingsSource> {
  return /\.xls[xm]$/i.test(path) ? openMeetingsXlsx(path, options) : openMeetingsCsv(path, options);
}

/** Excel writes tables as .txt, too. */
async function isTranscript(path: string, options: OpenFilesOptions): Promise<boolean> {
  if (!isTranscriptFile(path)) return false;
  if (extname(path).toLowerCase() !== '.txt') return true;
  return !(await beginsWithHeader(path, options).catch(() => false));
}

/** The file itself, or the files of a folder that an import reads, by name. */
async function listFiles(path: string, sidecar: string | undefined): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false, // opening it says why
  );
  if (!isFolder) return [path];
  const names = (await readdir(path)).filter((name) => !name.startsWith('.') && !name.startsWith('~$')).sort();
  const files = names.map((name) => join(path, name));
  const known = files.filter((file) => isTranscriptFile(file) || tableEndings.includes(extname(file).toLowerCase()));
  const wanted = known.filter((file) => sidecar === undefined || resolve(file) !== resolve(sidecar));
  if (wanted.length > 0) return wanted;
  const endings = 'CSV, Excel and transcript files';
  throw new AppError(
    'INPUT_FILE_INVALID',
    `"${path}" is a folder without ${endings}. Give a folder that has some, or a file.`,
  );
}

async function sizeOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
