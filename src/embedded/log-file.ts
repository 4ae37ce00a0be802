/** Log files of the servers: appended to, and restarted when they have grown large. */
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';

export interface LogFile {
  readonly descriptor: number;
  /** Closes our descriptor. A child that inherited it can still write. */
  close(): void;
  /** The text written since it was opened. */
  readNew(): string;
}

const maxBytes = 5_000_000;

export function openLog(file: string): LogFile {
  const size = sizeOf(file);
  const from = size > maxBytes ? 0 : size;
  const descriptor = openSync(file, size > maxBytes ? 'w' : 'a', 0o600);
  return {
    descriptor,
    close: () => closeSync(descriptor),
    readNew: () => readFileSync(file).subarray(from).toString('utf8'),
  };
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
