/** What a command that failed tells the person, the script and the shell. */
import { CommanderError } from 'commander';
import { AppError } from '../../core/errors.ts';
import { maskSecrets } from '../../core/log/mask.ts';
import { didYouMean } from '../../core/nearest-name.ts';

export interface Told {
  readonly exitCode: number;
  /** For the person, on stderr; empty: nothing is to be said. */
  readonly text: string;
  /** For `--json`, on stdout; null: this is no failure. */
  readonly document: { readonly success: false; readonly error: string; readonly code: string } | null;
}

/** What was typed, as far as commands were found in it. */
export interface CommandLine {
  /** Usage line of the command that was found. */
  readonly usage: string;
  /** The first word behind it, where it takes no arguments. */
  readonly unknownWord: string | undefined;
  /** Names of the commands below it. */
  readonly subcommands: readonly string[];
}

/** A user's mistake is one sentence, a fault of ours shows its stack. */
export function describeFault(error: unknown, line: CommandLine): Told {
  if (error instanceof CommanderError) return describeUsage(error, line);
  if (error instanceof AppError) return told(error.exitCode, error.message, error.code, error.message);
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : message;
  return told(1, `a fault of this program: ${stack}`, 'BUG', message);
}

/** Whether an error is no more than the echo of our own abort. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === 'ABORT_ERR'));
}

function describeUsage(error: CommanderError, line: CommandLine): Told {
  // Help shown because no command was given: it says all there is to say.
  if (error.code === 'commander.help') return { exitCode: 2, text: '', document: null };
  const message = unknownSubcommand(error, line) ?? sentence(error.message);
  return told(2, `${message}\n${line.usage}`, 'USAGE', message);
}

/** To commander, a misspelt subcommand of a command that does something by itself is an argument too many. */
function unknownSubcommand({ code }: CommanderError, { unknownWord, subcommands }: CommandLine): string | undefined {
  const isWordTooMany = code === 'commander.excessArguments' || code === 'commander.unknownCommand';
  if (!isWordTooMany || unknownWord === undefined || subcommands.length === 0) return undefined;
  return `unknown command '${unknownWord}'.${didYouMean(unknownWord, subcommands)} Known: ${subcommands.join(', ')}.`;
}

/** Commander writes `error: unknown command 'x'`, then its suggestion in brackets on a line of its own. */
function sentence(message: string): string {
  const [fault = '', suggestion = ''] = message
    .replace(/^error: /, '')
    // A value of any length may have been given.
    .replace(/((?:argument|value) '.{60}).*' is invalid/s, "$1…' is invalid")
    .replace(/^command-argument value '(.*)' is invalid for argument '(.*?)'\./s, "argument <$2> '$1' is invalid.")
    .split('\n');
  const ended = /[.?!]$/.test(fault) ? fault : `${fault}.`;
  return suggestion === '' ? ended : `${ended} ${suggestion.replace(/^\((.*)\)$/, '$1')}`;
}

function told(exitCode: number, text: string, code: string, message: string): Told {
  return {
    exitCode,
    text: `vambe: ${maskSecrets(text)}`,
    document: { success: false, error: maskSecrets(message), code },
  };
}
