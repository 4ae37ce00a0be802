/** Where `--html` puts its page. */
import { open, writeFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';

/** Opens the file before the work, which may take hours and cost money. @throws AppError USAGE */
export async function requirePageFile(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  await open(path, 'a', pageMode)
    .then((handle) => handle.close())
    .catch((cause: unknown) => {
      throw notWritable(path, cause);
    });
}

/** Writes a page that only this user may read, as quotes are personal data. @throws AppError USAGE */
export async function writePageFile(path: string, page: string): Promise<void> {
  await writeFile(path, page, { mode: pageMode }).catch((cause: unknown) => {
    throw notWritable(path, cause);
  });
}

const pageMode = 0o600;

function notWritable(path: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new AppError('USAGE', `--html "${path}" cannot be written${code}. Give another path.`, { cause });
}

/** The line that tells of it. */
export function describePageFile(path: string): string {
  return `vambe: the page is in ${path}. It quotes transcripts, so only this user may read it.`;
}
