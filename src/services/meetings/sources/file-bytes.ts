/** Reads a whole file of bounded size. */
import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../../../core/errors.ts';

/** @throws AppError INPUT_FILE_INVALID */
export async function readFileBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw invalid(path, `is larger than ${maxBytes / 1024 ** 2} MiB. Split it.`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    throw invalid(
      path,
      code === 'ENOENT' ? 'does not exist. Check the path.' : `cannot be read (${String(code)}).`,
      cause,
    );
  }
}

function invalid(path: string, problem: string, cause?: unknown): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}`, { cause });
}
