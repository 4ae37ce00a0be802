/** Reads a text file that was named on the command line, or standard input, whole. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';
import { decodeWindows1252 } from '../services/meetings/csv/windows-1252.ts';

export interface InputText {
  readonly text: string;
  /** For messages: the path as given, or `standard input`. */
  readonly name: string;
}

/** What it should be, as the end of "Give …". */
export interface InputOptions {
  readonly what: string;
  readonly maxBytes: number;
  /** Takes Windows-1252 where the bytes are no UTF-8; else such a file is refused. */
  readonly anyEncoding?: boolean;
}

/** `-` reads standard input to its end. @throws AppError INPUT_FILE_INVALID */
export async function readInput(path: string, options: InputOptions): Promise<InputText> {
  const name = path === '-' ? 'standard input' : `"${path.replaceAll('\0', '\\0')}"`;
  const invalid = (problem: string, cause?: unknown) =>
    new AppError('INPUT_FILE_INVALID', `${name} ${problem}`, { cause });
  const bytes = path === '-' ? await readAll(process.stdin, options, invalid) : await readFile(path, options, invalid);
  if (bytes.length === 0) throw invalid(`is empty. Give ${options.what}.`);
  const text = decode(bytes, options, invalid);
  if (text.trim() === '') throw invalid(`holds nothing but blanks. Give ${options.what}.`);
  return { text, name: path === '-' ? name : path };
}

type Invalid = (problem: string, cause?: unknown) => AppError;

async function readFile(path: string, options: InputOptions, invalid: Invalid): Promise<Buffer> {
  // Without O_NONBLOCK, opening a FIFO waits until a writer opens it.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw invalid(whyNotOpened(error, options.what), error);
  });
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw invalid(`is a folder, not a file. Give ${options.what}.`);
    if (!stats.isFile()) throw invalid(`is a pipe or device, not a file. Give ${options.what}.`);
    if (stats.size > options.maxBytes) throw tooLarge(options, invalid);
    return await handle.readFile();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid('could not be read to its end. Check the disk or copy the file.', error);
  } finally {
    await handle.close();
  }
}

async function readAll(stream: AsyncIterable<Buffer>, options: InputOptions, invalid: Invalid): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > options.maxBytes) throw tooLarge(options, invalid);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function tooLarge({ maxBytes, what }: InputOptions, invalid: Invalid): AppError {
  return invalid(`is larger than ${Math.round(maxBytes / 1024 ** 2)} MiB. Give ${what}.`);
}

function decode(bytes: Buffer, { what, anyEncoding = false }: InputOptions, invalid: Invalid): string {
  const hasUtf16Mark = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (hasUtf16Mark) return new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes);
  if (bytes.includes(0)) throw invalid(`is no text. Give ${what}.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!anyEncoding) throw invalid('is not UTF-8 text. Save it as UTF-8.', error);
    return decodeWindows1252(bytes);
  }
}

function whyNotOpened(error: unknown, what: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist. Check the path.';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user. Check its permissions.';
  return `cannot be opened${typeof code === 'string' ? ` (${code})` : ''}. Give ${what}.`;
}
