/** Starts one of our files as a thread of a worker process, both from sources and from the build. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { entryFile } from './fork-entry.ts';
import { boundYoung } from './v8-flags.ts';

/** The thread gets none of the process's flags and does not keep the process alive; `entry` as for `forkEntry`. */
export function startThread(entry: URL, options: WorkerOptions): Worker {
  const file = entryFile(entry);
  const thread = file.pathname.endsWith('.ts')
    ? new Worker(new URL('./source-thread.mjs', import.meta.url), { ...options, execArgv: [], argv: [file.href] })
    : new Worker(file, { ...options, execArgv: [] });
  thread.once('online', boundYoung);
  thread.unref();
  return thread;
}
