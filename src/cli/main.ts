#!/usr/bin/env node
/** The `vambe` command. */
import { readVersion } from '../version.ts';
import type { CommandEntry } from './kit/cli.ts';
import { unsupportedRuntime } from './supported-runtime.ts';

const unsupported = unsupportedRuntime(process.versions);
if (unsupported !== undefined) {
  process.stderr.write(`${unsupported}\n`);
  process.exit(2);
}

/** In the order of `vambe --help`; a line a command, loaded when it is asked for. */
const commands: readonly CommandEntry[] = [
  { name: 'up', load: () => import('./commands/up.ts') },
  { name: 'worker', load: () => import('./commands/worker.ts') },
  { name: 'import', load: () => import('./commands/import.ts') },
  { name: 'classify', load: () => import('./commands/classify.ts') },
  { name: 'meetings', load: () => import('./commands/meetings.ts') },
  { name: 'show', load: () => import('./commands/show.ts') },
  { name: 'export', load: () => import('./commands/export.ts') },
  { name: 'review', load: () => import('./commands/review.ts') },
  { name: 'check', load: () => import('./commands/check.ts') },
  { name: 'migrate', load: () => import('./commands/migrate.ts') },
  { name: 'config', load: () => import('./commands/config.ts') },
  { name: 'doctor', load: () => import('./commands/doctor.ts') },
  { name: 'jobs', load: () => import('./commands/jobs.ts') },
  { name: 'retry', load: () => import('./commands/retry.ts') },
  { name: 'cancel', load: () => import('./commands/cancel.ts') },
  { name: 'queues', load: () => import('./commands/queues.ts') },
  { name: 'pause', load: () => import('./commands/pause.ts') },
  { name: 'resume', load: () => import('./commands/resume.ts') },
  { name: 'drain', load: () => import('./commands/drain.ts') },
  { name: 'schedules', load: () => import('./commands/schedules.ts') },
  { name: 'status', load: () => import('./commands/status.ts') },
  { name: 'call', load: () => import('./commands/call.ts') },
  { name: 'inspect', load: () => import('./commands/inspect.ts') },
  { name: 'control', load: () => import('./commands/control.ts') },
  { name: 'events', load: () => import('./commands/events.ts') },
  { name: 'stats', load: () => import('./commands/stats.ts') },
  { name: 'eval', load: () => import('./commands/eval.ts') },
  { name: 'shadow', load: () => import('./commands/shadow.ts') },
  { name: 'taxonomy', load: () => import('./commands/taxonomy.ts') },
];

const exit = (code: number): never => process.exit(code);
/** On stderr, so that a question is never taken for data. */
const ask = async (question: string, signal: AbortSignal): Promise<string> => {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C reaches the line editor first; the process answers it as everywhere else.
  lines.on('SIGINT', () => process.emit('SIGINT', 'SIGINT'));
  return lines.question(question, { signal }).finally(() => lines.close());
};
const hasPerson = process.stdin.isTTY === true && process.stderr.isTTY === true;
const io = {
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  exit,
  ...(hasPerson ? { ask } : {}),
};

const argv = process.argv.slice(2);
// Answered before anything else is loaded, which takes as long as Node.js itself.
if (argv.length === 1 && ['--version', '-V'].includes(argv[0] ?? '')) {
  process.stdout.write(`${readVersion()}\n`);
  exit(0);
}

// Loaded after that check: an old Node.js does not get through its imports.
const { run } = await import('./kit/program.ts');
exit(await run(argv, { commands, version: readVersion(), io }));
