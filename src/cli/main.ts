#!/usr/bin/env node
/** The `vambe` command. */
import { readVersion } from '../version.ts';
import { unsupportedRuntime } from './supported-runtime.ts';

const unsupported = unsupportedRuntime(process.versions);
if (unsupported !== undefined) {
  process.stderr.write(`${unsupported}\n`);
  process.exit(2);
}

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
const [{ run }, { commands }] = await Promise.all([import('./kit/program.ts'), import('./command-list.ts')]);
exit(await run(argv, { commands, version: readVersion(), io }));
