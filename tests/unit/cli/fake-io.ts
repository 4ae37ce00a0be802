import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { Cli, CommandEntry } from '../../../src/cli/kit/cli.ts';
import type { Io, TerminalStream } from '../../../src/cli/kit/create-cli.ts';
import { run } from '../../../src/cli/kit/program.ts';
import { type Environment, loadConfig } from '../../../src/config/load.ts';

export interface FakeStream extends TerminalStream {
  text(): string;
}

export function makeStream(
  options: { isTTY?: boolean; hasColours?: boolean; columns?: number; failure?: string } = {},
): FakeStream {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      if (options.failure !== undefined) {
        done(Object.assign(new Error(options.failure), { code: options.failure }));
        return;
      }
      written += String(chunk);
      done();
    },
  });
  return Object.assign(stream, {
    text: () => written,
    isTTY: options.isTTY ?? false,
    columns: options.columns ?? 100,
    hasColors: () => options.hasColours ?? false,
  });
}

/** A process that is none: its streams are strings, its signals are emitted by the test, its exits are listed. */
export function makeIo(
  options: { stdout?: FakeStream; stderr?: FakeStream; environment?: Environment; envFile?: string } = {},
) {
  const stdout = options.stdout ?? makeStream();
  const stderr = options.stderr ?? makeStream();
  const signals = new EventEmitter();
  const exits: number[] = [];
  const io: Io = {
    stdout,
    stderr,
    signals,
    exit: (code) => exits.push(code),
    loadConfig: () => loadConfig(options.environment ?? {}, options.envFile ?? ''),
  };
  return { io, stdout, stderr, signals, exits };
}

export function makeCommand(
  name: string,
  action: (cli: Cli) => unknown,
  more?: (command: Command) => void,
): CommandEntry {
  return {
    name,
    load: async () => ({
      register(program, cli) {
        const command = program.command(name).description(`does ${name}`);
        more?.(command);
        command.action(async () => {
          await action(cli);
        });
      },
    }),
  };
}

export async function runWith(
  argv: string,
  commands: readonly CommandEntry[],
  options: Parameters<typeof makeIo>[0] = {},
) {
  const fake = makeIo(options);
  const exitCode = await run(argv.split(' ').filter(Boolean), { commands, version: '1.2.3', io: fake.io });
  return { exitCode, out: fake.stdout.text(), err: fake.stderr.text(), ...fake };
}
