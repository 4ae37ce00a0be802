/** Finds live processes by their working folder, because a pid from a file may now belong to another program. */
import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { type KnownProcess, knowProcess } from './process-identity.ts';

/** Works on Linux only, and only for processes that this user may inspect. Elsewhere it finds none. */
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
