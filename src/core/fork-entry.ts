/** Starts one of our files as a child process, from sources and from the build alike. */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** `entry` as the caller's `new URL('./some-process.ts', import.meta.url)`: in the build it ends with `.js`. */
export function forkEntry(entry: URL, options: ForkOptions): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(entry).replace(/\.[jt]s$/, isSource ? '.ts' : '.js');
  const nodeFlags = ['--disable-warning=ExperimentalWarning'];
  return fork(file, [], {
    ...options,
    execArgv: isSource ? [...nodeFlags, '--import', typescriptLoader()] : nodeFlags,
  });
}

function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
