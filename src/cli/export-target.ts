/** The file that `vambe export --out` writes: whole or not at all. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { openPrivateOutput } from '../core/private-output.ts';

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
  const output = await openPrivateOutput(out, '--out');
  const stream = createWriteStream(output.path, { fd: output.handle, flush: output.isFile });
  return {
    stream,
    keep: output.keep,
    discard: async () => {
      // A failure before the first row leaves the stream untouched.
      await new Promise<void>((resolve) => {
        if (stream.closed) resolve();
        else stream.once('close', resolve).destroy();
      });
      await output.discard();
    },
  };
}
