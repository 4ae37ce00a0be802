/** Where `--html` puts its page. */
import { openPrivateOutput, writePrivateOutput } from '../core/private-output.ts';

/** Tries the place before the work, which may take hours and cost money. @throws AppError USAGE */
export async function requirePageFile(path: string | undefined): Promise<void> {
  if (path !== undefined) await openPrivateOutput(path, '--html').then((output) => output.discard());
}

/** Writes a page that only this user may read, as quotes are personal data. @throws AppError USAGE */
export async function writePageFile(path: string, page: string): Promise<void> {
  await writePrivateOutput(path, '--html', page);
}

/** The line that tells of it. */
export function describePageFile(path: string): string {
  return `vambe: the page is in ${path}. It quotes transcripts, so only this user may read it.`;
}
