/** Starts one of our files as a child process, both from sources and from the build. */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const isSource = import.meta.url.endsWith('.ts');

/** `entry` as the caller's `new URL('./some-process.ts', import.meta.url)`: in the build it ends with `.js`. */
export function forkEntry(entry: URL, options: ForkOptions): ChildProcess {
  const nodeFlags = ['--disable-warning=ExperimentalWarning'];
  return fork(fileURLToPath(entryFile(entry)), [], {
    ...options,
    execArgv: isSource ? [...nodeFlags, '--import', typescriptLoader()] : nodeFlags,
  });
}

/** The file that `entry` means, from sources or in the build. */
export function entryFile(entry: URL): URL {
  return new URL(entry.href.replace(/\.[jt]s$/, isSource ? '.ts' : '.js'));
}

function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
