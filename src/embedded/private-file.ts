/** Small JSON files that only their owner may read, always replaced whole. */
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { KnownProcess } from './process-identity.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Text of a file; undefined when it is not there or cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Why a file that holds addresses and passwords is not to be trusted; undefined: this user or root owns it and others cannot write it,
 * or it does not exist. Windows has no such owners.
 */
export function whyNotTrusted(file: string): string | undefined {
  const ourId = process.getuid?.();
  const facts = lstatSync(file, { throwIfNoEntry: false });
  if (ourId === undefined || facts === undefined) return undefined;
  if (facts.isSymbolicLink()) return 'it is a link';
  if (facts.uid !== ourId && facts.uid !== 0) return `it belongs to another user (uid ${facts.uid})`;
  return (facts.mode & 0o022) === 0 ? undefined : 'other users may write it';
}

/** Parses a JSON object; any other text, such as a truncated file, gives an empty object. */
export function parseObject(text: string | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parseProcess(value: unknown): KnownProcess | undefined {
  if (!isObject(value)) return undefined;
  const { pid, start } = value;
  return typeof pid === 'number' && typeof start === 'string' ? { pid, start } : undefined;
}

/** Replaces the file atomically, so that a reader never sees half of it. Mode 0600. */
export function writePrivateFile(file: string, value: object): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** A failure is ignored, because it must not block a stop: the file only names processes that end anyway. */
export function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // See above.
  }
}
