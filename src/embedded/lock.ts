/**
 * Allows one host process per data folder. The lock file is created with link(2), which is atomic. It names its holder by
 * pid and start time, so that a reused pid is not taken for the holder. A stale lock is moved aside and checked again,
 * because another process may have replaced it first.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { folderError } from './data-folder.ts';
import { parseObject, parseProcess, readText, removeFile } from './private-file.ts';
import { bootId, isAlive, type KnownProcess, knowProcess } from './process-identity.ts';

export interface LockHolder extends KnownProcess {
  /** ISO time. */
  readonly since: string;
  readonly host: string;
}

export interface DataFolderLock {
  /** Call it every second: processes that cannot see our pids learn from it that the holder is alive. */
  touch(): void;
  free(): void;
}

interface LockContent extends LockHolder {
  readonly nonce: string;
  readonly place: string;
}

const attempts = 20;
/** Of a holder in another container or on another machine only the touches are visible; five missed touches mean it is gone. */
const untouchedMs = 5_000;

const lockFile = (dataDir: string) => join(dataDir, 'host.lock');

/** The live holder of the folder's lock, if there is one. */
export function findLockHolder(dataDir: string): LockHolder | undefined {
  const content = parseLock(readText(lockFile(dataDir)));
  return content && isHeld(content, lockFile(dataDir)) ? content : undefined;
}

/** The error that names who uses the folder. */
export function folderInUse(dataDir: string, holder: LockHolder): AppError {
  const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
  const message =
    `The data folder ${dataDir} is in use by process ${holder.pid}${where} (since ${holder.since}). ` +
    'Stop it, or set VAMBE_DATA_DIR to another folder.';
  return new AppError('DATA_FOLDER_IN_USE', message, { details: { path: dataDir, pid: holder.pid } });
}

/** Takes the folder for this process. Throws DATA_FOLDER_IN_USE or DATA_FOLDER_UNUSABLE. */
export function takeLock(dataDir: string): DataFolderLock {
  const file = lockFile(dataDir);
  const draft = `${file}.${process.pid}.${randomUUID()}`;
  const mine: LockContent = {
    ...knowProcess(process.pid),
    since: new Date().toISOString(),
    host: hostname(),
    nonce: randomUUID(),
    place: placeOfPids(),
  };
  try {
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
    linkLock(dataDir, draft);
    if (parseLock(readText(file))?.nonce !== mine.nonce) throw startedByAnother(dataDir);
    return heldLock(file, mine);
  } catch (error) {
    throw folderError(dataDir, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function linkLock(dataDir: string, draft: string): void {
  const file = lockFile(dataDir);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (tryLink(draft, file)) return;
    const text = readText(file);
    if (text === undefined) continue; // Released a moment ago.
    const holder = parseLock(text);
    if (holder && isHeld(holder, file)) throw folderInUse(dataDir, holder);
    moveStaleAside(file, text);
  }
  throw startedByAnother(dataDir);
}

/** Another process may have been faster, and the moved file may be its new lock: that one is put back. */
function moveStaleAside(file: string, text: string): void {
  const aside = `${file}.stale.${process.pid}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // Another process moved it.
  }
  const moved = readText(aside);
  const holder = parseLock(moved);
  const isAnother = moved !== text && holder !== undefined && isHeld(holder, aside);
  if (isAnother) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function heldLock(file: string, mine: LockContent): DataFolderLock {
  return {
    touch() {
      try {
        utimesSync(file, new Date(), new Date());
      } catch {
        // Only processes that cannot see our pids use the time.
      }
    },
    free() {
      if (parseLock(readText(file))?.nonce === mine.nonce) removeFile(file);
    },
  };
}

function isHeld(content: LockContent, file: string): boolean {
  if (content.place === placeOfPids()) return isAlive(content);
  try {
    return Date.now() - statSync(file).mtimeMs < untouchedMs;
  } catch {
    return false; // Released.
  }
}

/** Pids are only comparable within one pid namespace (a container has its own) and until the next boot. */
export function placeOfPids(): string {
  if (process.platform !== 'linux') return hostname();
  try {
    return `${bootId()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return bootId();
  }
}

function startedByAnother(dataDir: string): AppError {
  const message = `The data folder ${dataDir} is being started by another process. Try again in a moment.`;
  return new AppError('DATA_FOLDER_IN_USE', message, { details: { path: dataDir } });
}

function parseLock(text: string | undefined): LockContent | undefined {
  const value = parseObject(text);
  const known = parseProcess(value);
  const { since, host, nonce, place } = value;
  if (!known || typeof nonce !== 'string' || typeof place !== 'string') return undefined;
  return {
    ...known,
    since: typeof since === 'string' ? since : 'an unknown time',
    host: typeof host === 'string' ? host : hostname(),
    nonce,
    place,
  };
}
