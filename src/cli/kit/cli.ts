/** What every command is given: where data and messages go, settings, Ctrl-C and the exit code. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { LoadedConfig } from '../../config/load.ts';
import type { Style } from './output.ts';
import type { Bar } from './progress.ts';

export interface Cli {
  /** `--json` was given: exactly one JSON document goes to stdout (`cli.document`). */
  readonly json: boolean;
  /** stdout is a terminal: tables and colours are for people. */
  readonly isTerminal: boolean;
  /** Aborted by the first Ctrl-C (or SIGTERM); the second one ends the process. */
  readonly signal: AbortSignal;
  /** For data too large for a string: `pipeline(rows, cli.stdout, { end: false })`. Everything else goes through `out`. */
  readonly stdout: Writable;

  /** A line of data on stdout. */
  out(text: string): void;
  /** The one JSON document of `--json` on stdout. */
  document(value: unknown): void;
  /** A line for the person, on stderr. */
  note(text: string): void;
  /** Colour on a terminal; plain where NO_COLOR is set or stdout is none. */
  style(style: Style | readonly Style[], text: string): string;
  /** Prose, broken between words at the terminal's width; as it is where stdout is no terminal. */
  prose(text: string): string;
  /** Columns under a head, the last one wrapped to the terminal's width; tab-separated where stdout is no terminal. */
  table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string;
  /** Horizontal bars, the longest `width` (30) characters wide. */
  chart(rows: readonly { readonly label: string; readonly value: number }[], options?: { width?: number }): string;
  /** Progress on stderr: a bar on a terminal, a plain line every tenth elsewhere. One at a time; stop it. */
  bar(total: number, label: string): Bar;

  /**
   * Settings, read once, inside an action; warnings are noted on stderr at the first call, unless `warnings` is
   * `caller`. Throws SETTINGS_INVALID.
   */
  config(options?: { warnings?: 'note' | 'caller' }): LoadedConfig;
  /** Asks yes or no on a terminal, "no" where nothing is said; null: there is no terminal. */
  confirm(question: string): Promise<boolean | null>;
  /** The exit code when the command returns, where it is not 0: such as 4 when some items failed. */
  exitWith(code: number): void;
  /** From now on Ctrl-C is the usual end of the command: `signal` is aborted, nothing is said, and the exit code is 0. */
  endByInterrupt(): void;
  /** From now on the command itself answers SIGINT, SIGTERM and a closed stdout: for `worker` and `up`, which drain. */
  takeOverShutdown(): void;
}

/** A file of commands/. Its imports are light; what an action needs is imported inside the action. */
export interface CommandModule {
  register(program: Command, cli: Cli): void;
}

export interface CommandEntry {
  readonly name: string;
  /** In the list of all commands: at most 66 characters, so that the line fits into 80. */
  readonly summary?: string;
  /** The heading in that list, with its colon. */
  readonly group?: string;
  load(): Promise<CommandModule>;
}

/** Entries under one heading. */
export function group(heading: string, entries: readonly Omit<CommandEntry, 'group'>[]): readonly CommandEntry[] {
  return entries.map((entry) => ({ ...entry, group: heading }));
}
