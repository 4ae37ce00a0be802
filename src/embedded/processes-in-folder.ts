/** Finds live processes by the folder they work in: a pid from a file may by now belong to another program. */
import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { type KnownProcess, knowProcess } from './process-identity.ts';

/** Linux alone shows it, and there only processes that we may look into; elsewhere none are found. */
export function findProcessesIn(folder: string, program: RegExp): KnownProcess[] {
  if (process.platform !== 'linux' || !existsSync(folder)) return [];
  const real = realpathSync(folder);
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => worksIn(pid, real, program)).map(knowProcess);
}

function worksIn(pid: number, folder: string, program: RegExp): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder && program.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return false; // Gone, or another user's.
  }
}
