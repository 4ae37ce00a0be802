/** Builds the Cli that commands get, over the streams of one process. */
import type { Writable } from 'node:stream';
import type { LoadedConfig } from '../../config/load.ts';
import { withoutDirectionControls } from '../../core/text-direction.ts';
import type { Cli } from './cli.ts';
import { type SignalSource, type StopSignal, watchInterrupts } from './interrupt.ts';
import type { Bar } from './progress.ts';
import { wrapWords } from './wrap.ts';

export interface TerminalStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
}

/** The process as the command line sees it; tests give their own. */
export interface Io {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly signals: SignalSource;
  exit(code: number): void;
  readonly loadConfig?: () => LoadedConfig;
  /** Asks the person at the terminal; unset: there is no person. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>;
}

export interface CliHandle {
  readonly cli: Cli;
  /** Loads what actions use and `--help` does not: schemas, tables and bars take longer than the rest of the start. */
  prepare(): Promise<void>;
  /** Whether anything was written to stdout: a failure then adds no second JSON document. */
  hasOutput(): boolean;
  exitCode(): number;
  /** null: by no signal, or by one that is this command's usual end. */
  interruptedBy(): StopSignal | null;
  /** Whether any signal arrived. */
  wasStopped(): boolean;
  release(): void;
}

interface Tools {
  readonly output: typeof import('./output.ts');
  readonly table: Cli['table'];
  readonly createBar: typeof import('./terminal-bar.ts').terminalBar;
  readonly loadConfig: () => LoadedConfig;
}

/** Longer than 80 lines on purpose: it is a list of small functions over the same streams and the same state of one command. */
export function createCli(io: Io, options: { json: boolean }): CliHandle {
  const { stdout, stderr } = io;
  const isTerminal = stdout.isTTY === true;
  const hasColours = stdout.hasColors?.() === true;
  let tools: Tools | undefined;
  let loaded: LoadedConfig | undefined;
  let activeBar: Bar | undefined;
  let hasOutput = false;
  let exitCode = 0;
  let isShutdownOurs = true;
  let endsByInterrupt = false;

  const write = (text: string): void => {
    hasOutput = true;
    stdout.write(text);
  };
  const note = (given: string): void => {
    const text = withoutDirectionControls(given);
    activeBar?.clearLine();
    stderr.write(`${stderr.isTTY === true ? wrapWords(text, stderr.columns ?? 80) : text}\n`);
  };
  const ready = (): Tools => {
    if (tools === undefined) throw new Error('cli tools are there inside an action, not while commands are registered');
    return tools;
  };

  const interrupts = watchInterrupts(io.signals, {
    first: () => {
      if (!endsByInterrupt) note('vambe: stopping, what is under way is finished. Ctrl-C again leaves at once.');
    },
    second: (code) => io.exit(code),
  });
  const onStdoutError = (error: NodeJS.ErrnoException): void => {
    if (!isShutdownOurs) return;
    // `vambe export | head`: the reader has what it wanted.
    if (error.code === 'EPIPE') io.exit(exitCode);
    else {
      note(`vambe: stdout cannot be written (${error.code ?? error.message}).`);
      io.exit(1);
    }
  };
  const onStderrError = (): void => {};
  stdout.on('error', onStdoutError);
  // The messages have no reader any more: the work goes on.
  stderr.on('error', onStderrError);

  const cli: Cli = {
    json: options.json,
    isTerminal,
    signal: interrupts.signal,
    stdout,
    out: (text) => write(`${isTerminal ? withoutDirectionControls(text) : text}\n`),
    document: (value) => write(`${JSON.stringify(value, null, isTerminal ? 2 : 0)}\n`),
    note,
    style: (style, text) => ready().output.paint(style, text, hasColours),
    prose: (text) => (isTerminal ? wrapWords(text, stdout.columns ?? 80) : text),
    table: (head, rows) => ready().table(head, rows),
    chart: (rows, { width = 30 } = {}) => ready().output.barChart(rows, { widthChars: width, hasColours }),
    bar(total, label) {
      activeBar?.stop();
      activeBar = ready().createBar(stderr, total, label);
      return activeBar;
    },
    config({ warnings = 'note' } = {}) {
      if (loaded === undefined) {
        loaded = ready().loadConfig();
        if (warnings === 'note') for (const each of loaded.warnings) note(`vambe: ${each}`);
      }
      return loaded;
    },
    async confirm(question) {
      if (io.ask === undefined) return null;
      const answer = await io.ask(`${question} [y/N] `, interrupts.signal);
      return /^\s*y(es)?\s*$/i.test(answer);
    },
    exitWith(code) {
      exitCode = code;
    },
    endByInterrupt() {
      endsByInterrupt = true;
    },
    takeOverShutdown() {
      isShutdownOurs = false;
      interrupts.release();
    },
  };

  return {
    cli,
    async prepare() {
      const [output, aligned, createBar, config] = await Promise.all([
        import('./output.ts'),
        isTerminal ? import('./aligned-table.ts') : null,
        stderr.isTTY === true
          ? import('./terminal-bar.ts').then(({ terminalBar }) => terminalBar)
          : import('./progress.ts').then(({ lineBar }) => lineBar),
        import('../../config/load.ts'),
      ]);
      const table: Cli['table'] = (head, rows) =>
        aligned === null
          ? output.tabSeparated(head, rows)
          : aligned.alignedTable(head, rows, { widthChars: stdout.columns ?? 80, hasColours });
      tools = { output, table, createBar, loadConfig: io.loadConfig ?? (() => config.loadConfig()) };
    },
    hasOutput: () => hasOutput,
    exitCode: () => exitCode,
    interruptedBy: () => (endsByInterrupt ? null : interrupts.received()),
    wasStopped: () => interrupts.received() !== null,
    release() {
      activeBar?.stop();
      interrupts.release();
      stdout.off('error', onStdoutError);
      stderr.off('error', onStderrError);
    },
  };
}
