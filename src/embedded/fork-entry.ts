/** Starts one of this folder's `*-process` files as a child, from sources and from the build alike. */
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** `cwd` keeps the caller's working folder free to be removed or unmounted. */
export function forkEntry(
  name: 'host-process' | 'broker-process',
  options: { cwd: string; stdio: StdioOptions },
): ChildProcess {
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./${name}${extension}`, import.meta.url));
  const nodeFlags = ['--disable-warning=ExperimentalWarning'];
  const execArgv = extension === '.ts' ? [...nodeFlags, '--import', typescriptLoader()] : nodeFlags;
  // detached: Ctrl-C goes to the terminal's whole group; the servers must outlive a parent that drains its jobs.
  return fork(entry, [], { ...options, detached: true, execArgv });
}

function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
