/** Output files with personal data: whole or not there, readable by this user alone, never written through a link. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { AppError } from './errors.ts';

export interface PrivateOutput {
  readonly handle: FileHandle;
  /** Where it is written until `keep`. */
  readonly path: string;
  /** False: a pipe or a device, written as it comes. */
  readonly isFile: boolean;
  /** Puts the file in its place; the handle must be closed. A link at that place is replaced, not followed. */
  keep(): Promise<void>;
  /** Leaves what was there before. */
  discard(): Promise<void>;
}

const mode = 0o600;

/**
 * Opens a new file beside `target`, under a name that no other process can have prepared. `option` names the flag in messages.
 * @throws AppError USAGE for a folder, and where the file cannot be created
 */
export async function openPrivateOutput(target: string, option: string): Promise<PrivateOutput> {
  const existing = await stat(target).catch(() => undefined);
  if (existing?.isDirectory()) {
    throw new AppError('USAGE', `${option} "${target}" is a folder. Give the name of a file in it.`);
  }
  const isFile = existing === undefined || existing.isFile();
  const path = isFile ? `${target}.${randomUUID()}.part` : target;
  const handle = await open(path, isFile ? 'wx' : 'w', mode).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AppError('USAGE', `${option} "${target}" cannot be written${code}. Give another path.`, { cause });
  });
  return {
    handle,
    path,
    isFile,
    keep: async () => {
      if (isFile) await rename(path, target);
    },
    discard: async () => {
      await handle.close().catch(() => undefined);
      if (isFile) await rm(path, { force: true });
    },
  };
}

/** @throws AppError USAGE as `openPrivateOutput` */
export async function writePrivateOutput(target: string, option: string, text: string): Promise<void> {
  const output = await openPrivateOutput(target, option);
  try {
    await output.handle.writeFile(text);
    await output.handle.close();
    await output.keep();
  } catch (error) {
    await output.discard();
    throw error;
  }
}
