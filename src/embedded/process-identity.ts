/** Distinguishes a process from a later one with the same pid, and ends processes step by step. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface KnownProcess {
  readonly pid: number;
  /** Its start time in the system's own format; '' when it had already ended. */
  readonly start: string;
}

/** A signal (none: only wait) and how long to wait for its effect. */
export type EndStep = readonly [signal: NodeJS.Signals | undefined, waitMs: number];

const pollMs = 20;

/** Start time of a live process; undefined when there is none, or only a zombie. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStart(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is alive and belongs to another user.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return undefined;
  }
  if (process.platform === 'win32') return 'alive';
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout?.trim() || undefined;
}

function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name is in brackets and may contain any character, so count from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    return `${bootId()}/${fields[19]}`;
  } catch {
    return undefined; // No such process.
  }
}

/** Names this run of the operating system; start times are only comparable within one. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown'; // Not Linux, or no /proc: only the start time is compared.
  }
}

export function knowProcess(pid: number): KnownProcess {
  return { pid, start: startOf(pid) ?? '' };
}

/** Whether this same process is still alive. */
export function isAlive(known: KnownProcess): boolean {
  return known.pid > 0 && known.start !== '' && startOf(known.pid) === known.start;
}

/** Waits until the process has ended; false when it is still alive after `waitMs`. */
export async function waitForEnd(known: KnownProcess, waitMs: number): Promise<boolean> {
  for (const until = Date.now() + waitMs; isAlive(known); await sleep(pollMs)) {
    if (Date.now() >= until) return false;
  }
  return true;
}

/** Ends one process step by step; false when it outlives all of them. */
export async function endProcess(known: KnownProcess, steps: readonly EndStep[]): Promise<boolean> {
  for (const [signal, waitMs] of steps) {
    if (!isAlive(known)) return true;
    if (signal) signalProcess(known.pid, signal);
    if (await waitForEnd(known, waitMs)) return true;
  }
  return !isAlive(known);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended after the check, or is another user's. The caller checks again.
  }
}
