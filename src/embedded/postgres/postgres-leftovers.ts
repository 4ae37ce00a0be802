/** Finds the PostgreSQL processes that still work on a data folder, and makes a stale postmaster.pid harmless. */
import { spawnSync } from 'node:child_process';
import { chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../private-file.ts';
import { type EndStep, endProcess, type KnownProcess, knowProcess } from '../process-identity.ts';
import { findProcessesIn } from '../processes-in-folder.ts';

/** SIGINT is a fast shutdown; SIGQUIT an immediate one, which the next start has to repair. */
const politeEnd: readonly EndStep[] = [
  ['SIGINT', 3_500],
  ['SIGQUIT', 1_000],
  ['SIGKILL', 500],
];
const quickEnd: readonly EndStep[] = politeEnd.slice(1);

export async function endPostgres(known: KnownProcess): Promise<boolean> {
  return endProcess(known, politeEnd);
}

/** Ends the remaining processes of a dead postmaster. */
export async function endPostgresRest(cluster: string): Promise<void> {
  await Promise.all(findPostgresOf(cluster).map((known) => endProcess(known, quickEnd)));
}

/**
 * Live processes of this database. A pid alone is not enough: the pid in postmaster.pid may now belong to another
 * PostgreSQL.
 */
export function findPostgresOf(cluster: string): KnownProcess[] {
  if (process.platform === 'linux') return findProcessesIn(cluster, /\/postgres$/);
  const pid = Number((readText(join(cluster, 'postmaster.pid')) ?? '').split('\n')[0]);
  if (process.platform === 'win32' || !(pid > 0)) return [];
  const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout?.includes(cluster) ? [knowProcess(pid)] : [];
}

/**
 * PostgreSQL takes any live pid in postmaster.pid for a running server, even a zombie or another program. Call this only
 * when no process uses the folder. It writes our own pid: a postmaster ignores its parent's pid, but still checks the
 * shared memory for backends of the old one (it would skip that check without the file).
 */
export function disarmPidFile(cluster: string): void {
  const file = join(cluster, 'postmaster.pid');
  const text = readText(file);
  if (!text) return;
  const { uid, gid } = statSync(file);
  writeFileSync(file, text.replace(/^-?\d+/, String(process.pid)));
  if (process.getuid?.() === 0) chownSync(file, uid, gid);
}
