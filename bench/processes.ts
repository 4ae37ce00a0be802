/** Processor time and memory of process trees, from /proc. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

if (readProc(`self/task/${process.pid}/children`) === undefined)
  throw new Error(
    'The kernel does not tell the children of a process (CONFIG_PROC_CHILDREN): nothing can be measured here.',
  );

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/** Milliseconds of processor time of a process and everything below it, children that ended included. */
export function cpuMs(root: number): number {
  return (sumOver(root, ticksOf) / ticksPerSecond) * 1_000;
}

/** Resident bytes of a process and everything below it. */
export function residentBytes(root: number): number {
  return sumOver(root, residentOf);
}

function sumOver(root: number, figureOf: (pid: number) => number): number {
  return figureOf(root) + childrenOf(root).reduce((sum, pid) => sum + sumOver(pid, figureOf), 0);
}

/** Those that its main thread started, which is who starts processes here. A look at all of the machine would be work beside what is measured. */
function childrenOf(pid: number): number[] {
  return (readProc(`${pid}/task/${pid}/children`)?.match(/\d+/g) ?? []).map(Number);
}

function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readProc(`${pid}/status`) ?? '')?.[1] ?? 0) * 1_024;
}

function ticksOf(pid: number): number {
  const text = readProc(`${pid}/stat`) ?? '';
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
}

/** Undefined for a process that has ended. */
function readProc(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
