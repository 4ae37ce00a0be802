/** Reads a regular file as text, in the encoding it turns out to have, without holding more than a piece of it. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '../../../core/errors.ts';
import { createLetterWatch } from './legacy-letters.ts';
import { decodeWindows1252 } from './windows-1252.ts';

export type Encoding = 'UTF-8' | 'UTF-8 with BOM' | 'UTF-16 LE' | 'UTF-16 BE' | 'Windows-1252' | 'Mac Roman';

/** As `--encoding` takes them. */
export const encodingNames = ['utf-8', 'windows-1252', 'macintosh', 'utf-16le', 'utf-16be'] as const;
export type EncodingName = (typeof encodingNames)[number];

export interface FileText {
  readonly encoding: Encoding;
  /** What a person should know about the decoding, such as damaged characters; empty when nothing. */
  readonly notes: readonly string[];
  /** The whole text in pieces, byte order mark left out. May be called again: it reads the file once more. */
  read(): AsyncIterable<string>;
}

const maxFileBytes = 1024 ** 3;
const pieceBytes = 64 * 1024;
const sniffBytes = 4096;

const decoderLabels = {
  'UTF-8': 'utf-8',
  'UTF-8 with BOM': 'utf-8',
  'UTF-16 LE': 'utf-16le',
  'UTF-16 BE': 'utf-16be',
  'Windows-1252': 'windows-1252',
  'Mac Roman': 'macintosh',
} as const satisfies Record<Encoding, EncodingName>;

/** First bytes of files that people take for CSV. */
const otherFormats: readonly { readonly magic: readonly number[]; readonly what: string }[] = [
  { magic: [0x50, 0x4b, 0x03, 0x04], what: 'an Excel workbook or another zip archive' },
  { magic: [0xd0, 0xcf, 0x11, 0xe0], what: 'an old Excel workbook' },
  { magic: [0x1f, 0x8b], what: 'a gzip archive' },
  { magic: [0x25, 0x50, 0x44, 0x46], what: 'a PDF document' },
  { magic: [0xff, 0xfe, 0x00, 0x00], what: 'UTF-32 text' },
];

/**
 * Opens a file as text: UTF-8 with or without BOM, UTF-16 with BOM, else Windows-1252 or Mac Roman, whichever its letters
 * speak for; or as `given`. Reads it once to the end to know. Throws INPUT_FILE_INVALID for anything but a readable,
 * regular, non-empty text file of at most 1 GiB.
 */
export async function openFileText(path: string, options: TextOptions = {}): Promise<FileText> {
  const { encoding, notes } = await recognise(path, options);
  return { encoding, notes, read: () => decode(path, encoding) };
}

export interface TextOptions {
  /** Instead of the encoding that the bytes suggest. */
  readonly encoding?: EncodingName;
  /** What a file of another format should be, and how to get there. */
  readonly expected?: { readonly what: string; readonly advice: string };
}

const csvFile = { what: 'a CSV file', advice: 'Save it as "CSV UTF-8" and import that.' };

async function recognise(path: string, options: TextOptions): Promise<{ encoding: Encoding; notes: string[] }> {
  const { encoding: given, expected = csvFile } = options;
  const start = await readStart(path);
  if (start.length === 0) throw invalid(path, 'is empty. Give a CSV file with a header line and rows.');
  const other = otherFormats.find(({ magic }) => magic.every((byte, index) => start[index] === byte));
  if (other) throw invalid(path, `is ${other.what}, not ${expected.what}. ${expected.advice}`);
  const named = Object.entries(decoderLabels).find(([, label]) => label === given)?.[0];
  if (named !== undefined) return { encoding: named as Encoding, notes: [] };
  if (start[0] === 0xff && start[1] === 0xfe) return { encoding: 'UTF-16 LE', notes: [] };
  if (start[0] === 0xfe && start[1] === 0xff) return { encoding: 'UTF-16 BE', notes: [] };
  if (holdsZeroBytesOnOneSide(start)) {
    throw invalid(path, 'looks like UTF-16 text without a byte order mark. Save it as "CSV UTF-8" and import that.');
  }
  if (await isUtf8(path)) {
    const hasBom = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    return { encoding: hasBom ? 'UTF-8 with BOM' : 'UTF-8', notes: [] };
  }
  // One damaged byte must not turn every accent of a UTF-8 file into two wrong letters.
  const { damaged, intact } = await countUtf8Characters(path);
  if (intact <= 4 * damaged) return recogniseLetters(path);
  return { encoding: 'UTF-8', notes: [`${damaged} damaged characters were replaced by "\uFFFD".`] };
}

/** Both have a letter for nearly every byte: the one whose letters are those of Spanish words was written. */
async function recogniseLetters(path: string): Promise<{ encoding: Encoding; notes: string[] }> {
  const watch = createLetterWatch();
  for await (const piece of readBytes(path)) watch.add(piece);
  const { mac, windows } = watch.counts();
  if (mac > 0 && windows === 0) return { encoding: 'Mac Roman', notes: [] };
  if (mac > 4 * windows || (mac > 0 && windows > 4 * mac)) {
    const encoding = mac > windows ? 'Mac Roman' : 'Windows-1252';
    return { encoding, notes: [`Some characters are not of ${encoding}. Give --encoding where accents look wrong.`] };
  }
  if (mac === 0) return { encoding: 'Windows-1252', notes: [] };
  const problem = 'has bytes that fit Windows-1252 and Mac Roman alike';
  throw invalid(path, `${problem}. Nothing was imported. Give --encoding windows-1252 or --encoding macintosh.`);
}

async function readStart(path: string): Promise<Uint8Array> {
  for await (const piece of readBytes(path)) return piece.slice(0, sniffBytes);
  return new Uint8Array();
}

/** ASCII letters in UTF-16 have every second byte zero; in no other encoding of ours is any byte zero that often. */
function holdsZeroBytesOnOneSide(bytes: Uint8Array): boolean {
  let even = 0;
  let odd = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte === 0 && index % 2 === 0) even += 1;
    else if (byte === 0) odd += 1;
  }
  return Math.max(even, odd) > bytes.length / 4;
}

async function isUtf8(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const piece of readBytes(path)) decoder.decode(piece, { stream: true });
    decoder.decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function countUtf8Characters(path: string): Promise<{ damaged: number; intact: number }> {
  let damaged = 0;
  let intact = 0;
  for await (const text of decode(path, 'UTF-8')) {
    damaged += text.match(/\uFFFD/g)?.length ?? 0;
    intact += text.match(/[^\0-\x7F\uFFFD]/g)?.length ?? 0;
  }
  return { damaged, intact };
}

async function* decode(path: string, encoding: Encoding): AsyncGenerator<string> {
  if (encoding === 'Windows-1252') {
    for await (const piece of readBytes(path)) yield decodeWindows1252(piece);
    return;
  }
  const decoder = new TextDecoder(decoderLabels[encoding]);
  for await (const piece of readBytes(path)) yield decoder.decode(piece, { stream: true });
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** Each piece lies in the same memory as the one before, and is gone when the next is asked for. */
async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  const handle = await openRegularFile(path);
  const buffer = new Uint8Array(pieceBytes);
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, pieceBytes, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw invalid(path, 'could not be read to its end. Check the disk or copy the file, then import it again.', error);
  } finally {
    await handle.close();
  }
}

async function openRegularFile(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a FIFO waits until a writer opens it.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw invalid(path, whyNotOpened(path, error), error);
  }
  const stats = await handle.stat();
  if (stats.isFile() && stats.size <= maxFileBytes) return handle;
  await handle.close();
  if (stats.isFile()) throw invalid(path, 'is larger than 1 GiB. Split it into several files.');
  const kind = stats.isDirectory() ? 'a folder' : 'a pipe or device';
  throw invalid(path, `is ${kind}, not a file. Give the path of a CSV file.`);
}

function whyNotOpened(path: string, error: unknown): string {
  if (/^[a-z]+:\/\//i.test(path)) return 'is a URL. Download the file and give its path.';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist. Check the path.';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user. Check its permissions.';
  return `cannot be opened${typeof code === 'string' ? ` (${code})` : ''}. Give the path of a CSV file.`;
}

function invalid(path: string, problem: string, cause?: unknown): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${path.replaceAll('\0', '\\0')}" ${problem}`, { cause });
}
