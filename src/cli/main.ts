#!/usr/bin/env node
/** The `vambe` command. */
import { readFileSync } from 'node:fs';
import type { CommandEntry } from './cli.ts';
import { run } from './program.ts';

/** In the order of `vambe --help`; a line a command, loaded when it is asked for. */
const commands: readonly CommandEntry[] = [
  { name: 'up', load: () => import('./commands/up.ts') },
  { name: 'worker', load: () => import('./commands/worker.ts') },
  // up, worker, import, classify, show, export, review, check, migrate
  { name: 'config', load: () => import('./commands/config.ts') },
  // jobs, retry, status, call, inspect, eval, taxonomy
];

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
const exit = (code: number): never => process.exit(code);
const io = { stdout: process.stdout, stderr: process.stderr, signals: process, exit };

exit(await run(process.argv.slice(2), { commands, version, io }));
