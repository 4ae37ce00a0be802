/**
 * One host process a data folder: a lock file that is made by link(2), which is atomic, and names its holder by pid and
 * start time, so that a reused pid is not taken for the holder. A stale lock is moved aside and looked at again, as
 * another start may have been quicker.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { folderError } from './data-folder.ts';
import { isObject, type JsonObject, parseObject, parseProcess, readText, writePrivateFile } from './private-file.ts';
import { bootId, isAlive, type KnownProcess, knowProcess } from './process-identity.ts';

/** A server process that a killed host may leave behind. */
export interface Leftover extends KnownProcess {
  readonly role: 'broker' | 'postgres';
}

export interface LockHolder extends KnownProcess {
  /** ISO time. */
  readonly since: string;
  readonly host: string;
}

export interface DataFolderLock {
  /** Servers of the host that held the lock before and did not give it back. */
  readonly leftovers: readonly Leftover[];
  /** Writes down which server processes belong to this host. */
  note(servers: readonly Leftover[]): void;
  /** Shows those who cannot see our pids that the holder lives; to be called every second. */
  touch(): void;
  free(): void;
}

interface LockContent extends LockHolder {
  readonly nonce: string;
  readonly place: string;
  readonly servers: readonly Leftover[];
}

const attempts = 20;
/** A holder in another container or on another machine is known by its touches alone; five missed ones mean it is gone. */
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
    servers: [],
  };
  try {
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
    const leftovers = linkLock(dataDir, draft);
    if (parseLock(readText(file))?.nonce !== mine.nonce) throw startedByAnother(dataDir);
    return heldLock(file, mine, leftovers);
  } catch (error) {
    throw folderError(dataDir, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function linkLock(dataDir: string, draft: string): readonly Leftover[] {
  const file = lockFile(dataDir);
  let leftovers: readonly Leftover[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (tryLink(draft, file)) return leftovers;
    const text = readText(file);
    if (text === undefined) continue; // Given back a moment ago.
    const holder = parseLock(text);
    if (holder && isHeld(holder, file)) throw folderInUse(dataDir, holder);
    if (moveStaleAside(file, text) && holder?.place === placeOfPids()) leftovers = holder.servers;
  }
  throw startedByAnother(dataDir);
}

/** False when another start was quicker, or made a lock of its own meanwhile: that one is put back. */
function moveStaleAside(file: string, text: string): boolean {
  const aside = `${file}.stale.${process.pid}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return false;
  }
  const moved = readText(aside);
  const holder = parseLock(moved);
  const isAnother = moved !== text && holder !== undefined && isHeld(holder, aside);
  if (isAnother) tryLink(aside, file);
  rmSync(aside, { force: true });
  return !isAnother;
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

function heldLock(file: string, mine: LockContent, leftovers: readonly Leftover[]): DataFolderLock {
  const isOurs = () => parseLock(readText(file))?.nonce === mine.nonce;
  return {
    leftovers,
    note(servers) {
      if (isOurs()) writePrivateFile(file, { ...mine, servers });
    },
    touch() {
      try {
        utimesSync(file, new Date(), new Date());
      } catch {
        // Only those who cannot see our pids look at the time.
      }
    },
    free() {
      if (isOurs()) rmSync(file, { force: true });
    },
  };
}

function isHeld(content: LockContent, file: string): boolean {
  if (content.place === placeOfPids()) return isAlive(content);
  try {
    return Date.now() - statSync(file).mtimeMs < untouchedMs;
  } catch {
    return false; // Given back.
  }
}

/** Pids mean something only within one pid namespace of one run of the system: a container has its own. */
function placeOfPids(): string {
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
  const { since, host, nonce, place, servers } = value;
  if (!known || typeof nonce !== 'string' || typeof place !== 'string') return undefined;
  return {
    ...known,
    since: typeof since === 'string' ? since : 'an unknown time',
    host: typeof host === 'string' ? host : hostname(),
    nonce,
    place,
    servers: Array.isArray(servers) ? servers.filter(isObject).flatMap(parseLeftover) : [],
  };
}

function parseLeftover(value: JsonObject): Leftover[] {
  const known = parseProcess(value);
  const { role } = value;
  return known && (role === 'broker' || role === 'postgres') ? [{ ...known, role }] : [];
}
