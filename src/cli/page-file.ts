/** Where `--html` puts its page. */
import { writeFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';

/** Writes a page for this user's eyes alone, as quotes are personal data. @throws AppError USAGE */
export async function writePageFile(path: string, page: string): Promise<void> {
  await writeFile(path, page, { mode: 0o600 }).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AppError('USAGE', `--html "${path}" cannot be written${code}. Give another path.`, { cause });
  });
}

/** The line that tells of it. */
export function describePageFile(path: string): string {
  return `vambe: the page is in ${path}. It quotes transcripts, so only this user may read it.`;
}
