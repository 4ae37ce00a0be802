/** The text of a transcript file, as it is: speakers, cues and clocks are read where it is classified. */
import { extname } from 'node:path';
import { AppError } from '../../../core/errors.ts';
import { type EncodingName, openFileText } from '../csv/file-text.ts';
import { docxText } from './docx-text.ts';
import { readFileBytes } from './file-bytes.ts';

export const transcriptEndings = ['.txt', '.vtt', '.srt', '.json', '.docx', '.md'] as const;

const maxDocxBytes = 32 * 1024 ** 2;
/** What an import takes, and a little more, so that the length of a longer one can be told. */
const maxChars = 4_000_000;
const expected = {
  what: 'a transcript',
  advice: `Save it as plain text or as one of ${transcriptEndings.join(', ')}.`,
};

export function isTranscriptFile(path: string): boolean {
  return transcriptEndings.some((ending) => ending === extname(path).toLowerCase());
}

/** @throws AppError INPUT_FILE_INVALID, for a file without text too */
export async function readTranscriptFile(path: string, encoding?: EncodingName): Promise<string> {
  const text = extname(path).toLowerCase() === '.docx' ? await readDocx(path) : await readText(path, encoding);
  if (text.trim() === '') throw new AppError('INPUT_FILE_INVALID', `"${path}" holds no text. Give a transcript.`);
  return text;
}

async function readDocx(path: string): Promise<string> {
  return docxText(await readFileBytes(path, maxDocxBytes), path);
}

async function readText(path: string, encoding?: EncodingName): Promise<string> {
  const file = await openFileText(path, { encoding, expected });
  let text = '';
  for await (const piece of file.read()) {
    text += piece;
    if (text.length <= maxChars) continue;
    throw new AppError('INPUT_FILE_INVALID', `"${path}" has more than ${maxChars} characters. Split it.`);
  }
  return text;
}
