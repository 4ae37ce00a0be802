/** Runs one command line: finds the command, gives it its Cli, and turns how it ended into an exit code. */
import { Command, CommanderError } from 'commander';
import type { CommandEntry } from './cli.ts';
import { type CliHandle, createCli, type Io, type TerminalStream } from './create-cli.ts';
import type { CommandLine } from './fault.ts';
import { exitCodeOf } from './interrupt.ts';
import { wrapWords } from './wrap.ts';

const exitCodes = `
Exit codes:
  0    done
  1    a fault of this program
  2    wrong usage, settings or input file
  3    not found
  4    some items failed
  5    a server cannot be reached, refuses us or does not fit
  6    a data folder or port cannot be used
  130  interrupted (143: terminated)`;

/** `argv` is what follows the program's name. Resolves to the exit code when the command has ended and its output is out. */
export async function run(
  argv: readonly string[],
  options: { commands: readonly CommandEntry[]; version: string; io: Io },
): Promise<number> {
  const { commands, version, io } = options;
  const handle = createCli(io, { json: wantsJson(argv) });
  const program = createProgram(version, io, handle);
  try {
    const meant = commandMeant(argv, commands);
    if (meant === undefined) listAll(program, commands);
    else (await meant.load()).register(program, handle.cli);
    await program.parseAsync(argv, { from: 'user' });
    return endedCode(handle, handle.exitCode());
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    return isHelp ? endedCode(handle, 0) : await tell(error, { argv, program, handle });
  } finally {
    await flushed(io);
    handle.release();
  }
}

function createProgram(version: string, io: Io, handle: CliHandle): Command {
  return (
    new Command('vambe')
      .description('Classifies sales-meeting transcripts in the background, each label with the quote that proves it.')
      .version(version, '-V, --version', 'print the version')
      .option('--json', 'one JSON document on stdout and nothing else there')
      .helpOption('-h, --help', 'show help')
      .addHelpCommand(
        new Command('help').argument('[command]').summary('show the help of a command').helpGroup('Start:'),
      )
      .configureHelp({ showGlobalOptions: true, subcommandTerm })
      .addHelpText('after', exitCodes)
      // A failure is told once, by `tell`.
      .configureOutput({
        writeOut: (text) => io.stdout.write(wrapHelp(text, widthOf(io.stdout))),
        writeErr: (text) => io.stderr.write(wrapHelp(text, widthOf(io.stderr))),
        outputError: () => {},
        getOutHelpWidth: () => widthOf(io.stdout),
        getErrHelpWidth: () => widthOf(io.stderr),
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      })
      .exitOverride()
      .hook('preAction', () => handle.prepare())
  );
}

/** In the list of all commands; the help of a command has its arguments. */
function subcommandTerm(command: Command): string {
  return command.name();
}

function widthOf({ columns }: TerminalStream): number {
  return columns ?? 80;
}

/** Examples are for copying, so they stay on their line. */
function wrapHelp(text: string, widthChars: number): string {
  return text
    .split('\n')
    .map((line) => (line.startsWith('  $ ') ? line : wrapWords(line, widthChars)))
    .join('\n');
}

/** The only command to load; undefined: the list of all is meant, or a name that is none of them. */
function commandMeant(argv: readonly string[], commands: readonly CommandEntry[]): CommandEntry | undefined {
  const [first, second] = argv.filter((each) => !each.startsWith('-'));
  const name = first === 'help' ? second : first;
  return commands.find((each) => each.name === name);
}

function listAll(program: Command, commands: readonly CommandEntry[]): void {
  for (const { name, summary = '', group = 'Commands:' } of commands)
    program.command(name).summary(summary).helpGroup(group);
}

/** Asked before parsing, as a wrong command line is answered in JSON too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

async function tell(
  error: unknown,
  context: { argv: readonly string[]; program: Command; handle: CliHandle },
): Promise<number> {
  const { describeFault, isAbort } = await import('./fault.ts');
  const { argv, program, handle } = context;
  if (handle.wasStopped() && isAbort(error)) return endedCode(handle, 0);
  const told = describeFault(error, commandLineMeant(argv, program));
  if (told.text !== '') handle.cli.note(told.text);
  if (handle.cli.json && told.document !== null && !handle.hasOutput()) handle.cli.document(told.document);
  return endedCode(handle, told.exitCode);
}

/** A command that was interrupted ends as such, however far it came. */
function endedCode(handle: CliHandle, code: number): number {
  const name = handle.interruptedBy();
  return name === null ? code : exitCodeOf[name];
}

function commandLineMeant(argv: readonly string[], program: Command): CommandLine {
  const words = argv.filter((each) => !each.startsWith('-'));
  let command = program;
  let path = program.name();
  for (;;) {
    const [word] = words;
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word ?? ''));
    if (next === undefined) break;
    words.shift();
    command = next;
    path = `${path} ${word}`;
  }
  return {
    usage: `Usage: ${path} ${command.usage()} ("${path} --help" tells more)`,
    unknownWord: command.registeredArguments.length === 0 ? words[0] : undefined,
    subcommands: command === program ? [] : command.commands.map((each) => each.name()),
  };
}

/** Resolves when what was written has left this process, or has failed to and was told: an exit before would hide both. */
async function flushed(io: Io): Promise<void> {
  const streams = [io.stdout, io.stderr].filter((each) => each.writable);
  await Promise.all(streams.map((each) => new Promise<void>((resolve) => each.write('', () => resolve()))));
  // A write that fails at once (a full disk) reports it on the next turn.
  await new Promise<void>((resolve) => setImmediate(resolve));
}
