/** Starts one of the `*-process` files of src/embedded/ as a child that outlives Ctrl-C. */
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { forkEntry as fork } from '../core/process/fork-entry.ts';

/** The child works in `cwd`, so that the caller's working folder can be removed or unmounted. */
export function forkEntry(
  name: 'host-process' | 'redis/broker-process',
  options: { cwd: string; stdio: StdioOptions },
): ChildProcess {
  // detached: Ctrl-C reaches the terminal's whole process group, but the servers must outlive a parent that drains its jobs.
  return fork(new URL(`./${name}.ts`, import.meta.url), { ...options, detached: true });
}
