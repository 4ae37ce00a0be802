/** The file that `vambe export --out` writes: whole or not at all. */
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { AppError } from '../core/errors.ts';

export interface ExportTarget {
  readonly stream: Writable;
  /** Puts the file in its place. */
  keep(): Promise<void>;
  /** Leaves what was there before. */
  discard(): Promise<void>;
}

/**
 * A file is written beside its place and moved there when it is whole, so that a former export survives a failure; transcripts are
 * personal data, so only this user may read it. Pipes and devices are written as they come. @throws AppError USAGE
 */
export async function openTarget(out: string): Promise<ExportTarget> {
  const existing = await stat(out).catch(() => undefined);
  if (existing?.isDirectory())
    throw new AppError('USAGE', `--out "${out}" is a folder. Give the name of a file in it.`);
  const isFile = existing === undefined || existing.isFile();
  const path = isFile ? `${out}.${process.pid}.part` : out;
  const handle = await open(path, 'w', 0o600).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AppError('USAGE', `--out "${out}" cannot be written${code}. Give another path.`, { cause });
  });
  const stream = createWriteStream(path, { fd: handle, flush: isFile });
  return {
    stream,
    keep: async () => {
      if (isFile) await rename(path, out);
    },
    discard: async () => {
      // A failure before the first row leaves the stream untouched.
      await new Promise<void>((resolve) => {
        if (stream.closed) resolve();
        else stream.once('close', resolve).destroy();
      });
      if (isFile) await rm(path, { force: true });
    },
  };
}
