/** The folder that holds everything the embedded servers keep: creates it, checks it, and explains what is wrong with it. */
import { mkdirSync, statfsSync, statSync } from 'node:fs';
import { AppError } from '../core/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a read-only file system',
  ENOENT: 'it does not exist and cannot be made there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'it is a file, not a folder',
  ENAMETOOLONG: 'the path is too long',
};

/** Makes the folder where it is missing. Throws DATA_FOLDER_UNUSABLE. */
export function prepareDataFolder(dataDir: string): void {
  try {
    // 0755: where root cannot use a user namespace, PostgreSQL runs as the user `nobody`, which needs access to the folder.
    // The files inside have their own, stricter permissions.
    mkdirSync(dataDir, { recursive: true, mode: 0o755 });
    if (!statSync(dataDir).isDirectory()) throw folderUnusable(dataDir, 'it is a file, not a folder');
  } catch (error) {
    throw folderError(dataDir, error);
  }
}

/** Throws DATA_FOLDER_UNUSABLE when less is free on the folder's disk, so that nothing fails half way. */
export function checkRoom(path: string, neededMegabytes: number): void {
  const free = freeMegabytes(path);
  if (free < neededMegabytes) {
    throw folderUnusable(path, `its disk has ${free} MB left, and ${neededMegabytes} MB are needed`);
  }
}

/** Free space that this user may still write to. */
export function freeMegabytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return Math.floor((bavail * bsize) / 1_000_000);
}

/** The error for a folder that cannot be used; `reason` completes its sentence. */
export function folderUnusable(path: string, reason: string, cause?: unknown): AppError {
  const message = `The data folder ${path} cannot be used: ${reason}. Set VAMBE_DATA_DIR to another folder.`;
  return new AppError('DATA_FOLDER_UNUSABLE', message, { details: { path }, cause });
}

/** Turns a file system's error into DATA_FOLDER_UNUSABLE; an error of ours stays what it is. */
export function folderError(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const reason = code === undefined ? undefined : reasons[code];
  return folderUnusable(path, reason ?? (error instanceof Error ? error.message : String(error)), error);
}
