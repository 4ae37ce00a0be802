/** Reads the lines of a packed archive file piece by piece. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../core/errors.ts';

/** A transcript of 2,000,000 characters, each written as an escape, and all else of its row. */
const maxLineChars = 32 * 1024 ** 2;

/** Lines without their ends. @throws AppError INPUT_FILE_INVALID where the file cannot be read or is damaged */
export async function* readArchiveLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AppError('INPUT_FILE_INVALID', `"${path.replaceAll('\0', '\\0')}" does not exist. Check the path.`, {
      cause,
    });
  });
  if (!found.isFile()) {
    throw new AppError(
      'INPUT_FILE_INVALID',
      `"${path}" is no regular file. Give an archive that "vambe export" wrote.`,
    );
  }
  const file = createReadStream(path, { signal });
  const text = file.pipe(createGunzip());
  file.on('error', (error) => text.destroy(error));
  try {
    yield* splitLines(text, path);
  } catch (error) {
    if (error instanceof AppError || signal.aborted) throw error;
    const problem = 'is damaged or no archive of "vambe export --format archive"';
    throw new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}. Nothing was imported; export it again.`, {
      cause: error,
    });
  } finally {
    file.destroy();
    text.destroy();
  }
}

/** Only at "\n": a transcript may hold other characters that some readers take for line ends. */
async function* splitLines(pieces: AsyncIterable<Buffer>, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const held: string[] = [];
  let heldChars = 0;
  for await (const piece of pieces) {
    const [first = '', ...others] = decoder.decode(piece, { stream: true }).split('\n');
    held.push(first);
    heldChars += first.length;
    if (heldChars > maxLineChars) {
      throw new AppError(
        'INPUT_FILE_INVALID',
        `"${path}" has a line of more than ${maxLineChars} characters. Nothing was imported.`,
      );
    }
    for (const next of others) {
      yield held.join('');
      held.length = 0;
      held.push(next);
      heldChars = next.length;
    }
  }
  if (heldChars > 0) yield held.join('');
}
