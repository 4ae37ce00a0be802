/** Processor time and memory of process trees, from /proc. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString());

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Own time plus that of children that ended. */
  readonly ticks: number;
}

/** Milliseconds of processor time of a process and everything below it. */
export function cpuMs(root: number): number {
  const all = listProcesses();
  return (treeOf(root, all).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond) * 1_000;
}

/** Resident bytes of a process and everything below it. */
export function residentBytes(root: number): number {
  return treeOf(root, listProcesses()).reduce((sum, { pid }) => sum + residentOf(pid), 0);
}

function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

function treeOf(root: number, all: readonly Stat[]): Stat[] {
  const own = all.filter(({ pid }) => pid === root);
  return [...own, ...all.filter(({ parent }) => parent === root).flatMap(({ pid }) => treeOf(pid, all))];
}

function listProcesses(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = text
          .slice(text.lastIndexOf(')') + 2)
          .split(' ')
          .map(Number);
        const [parent = 0] = fields.slice(1);
        const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
        return [{ pid: Number(name), parent, ticks }];
      } catch {
        return [];
      }
    });
}
