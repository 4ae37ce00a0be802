/** Structured logs: a fixed event name with fields, one line each, on stderr. */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { type Logger as Pino, pino } from 'pino';
import { safeFields } from './log-fields.ts';
import { type Palette, prettyLine } from './log-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** An event is a fixed name (`job.finished`); what varies goes into the fields. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A log whose every line carries these fields too. */
  child(fields: LogFields): Log;
}

export interface RootLog extends Log {
  /** Lines that could not be written since the start: the disk was full, or the reading process ended. */
  droppedLines(): number;
}

/** A line's size at most, with its line end. */
const maxLineBytes = 4096;
/** Bytes for `{"level":…,"time":…}`, in addition to event and fields. */
const frameBytes = 96;
/** Lines waiting for a slow reader; beyond it they are dropped, as logs must not fill the memory. */
const maxWaitingBytes = 1_048_576;

/**
 * A log that never throws and never ends the process. Strings are masked, errors are reduced to code and message,
 * a line is at most 4 KiB. stdout is for data, so the destination is stderr unless a test says otherwise.
 */
export function createLogger(options: { level: LogLevel; format: 'pretty' | 'json'; destination?: Writable }): RootLog {
  const destination = options.destination ?? process.stderr;
  const format = options.format === 'pretty' ? prettifier(destination) : (line: string) => line;
  const sink = createSink(destination, format);
  const logger = pino(
    {
      level: options.level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return { ...logOn(logger, {}), droppedLines: sink.droppedLines };
}

function logOn(logger: Pino, bound: LogFields): Log {
  const write = (level: LogLevel) => (event: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return;
    const name = event.slice(0, 100);
    const room = maxLineBytes - frameBytes - Buffer.byteLength(JSON.stringify(name));
    logger[level]({ event: name, ...safeFields({ ...bound, ...fields }, room) });
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => logOn(logger, { ...bound, ...fields }),
  };
}

/** Streams that have our error listener: without one, a closed pipe or a full disk ends the process. */
const guarded = new WeakSet<Writable>();

function createSink(destination: Writable, format: (line: string) => string) {
  let dropped = 0;
  if (!guarded.has(destination)) {
    guarded.add(destination);
    // The write's own callback counts the line; this listener is there so that nothing throws.
    destination.on('error', () => {});
  }
  return {
    droppedLines: () => dropped,
    write(line: string): void {
      if (destination.writableLength > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      try {
        destination.write(format(line), (error) => {
          if (error) dropped += 1;
        });
      } catch {
        // A log that cannot be written must not stop what it reports on.
        dropped += 1;
      }
    },
  };
}

/** Synchronous and in-process: a worker that dies has its last line on the terminal. */
function prettifier(destination: Writable): (line: string) => string {
  const palette = hasColours(destination) ? coloured : plain;
  return (json) => {
    const line: Readonly<Record<string, unknown>> = JSON.parse(json);
    return `${fitted(prettyLine(line, palette), () => prettyLine(line, plain))}\n`;
  };
}

/** A line that grew too long by its colours goes without; one that is still too long is cut. */
function fitted(line: string, withoutColours: () => string): string {
  if (Buffer.byteLength(line) < maxLineBytes) return line;
  const bytes = Buffer.from(withoutColours());
  if (bytes.length < maxLineBytes) return bytes.toString();
  return `${bytes
    .subarray(0, maxLineBytes - 4)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
}

/** The terminal's own answer, which knows NO_COLOR and FORCE_COLOR. */
function hasColours(destination: Writable): boolean {
  return 'hasColors' in destination && typeof destination.hasColors === 'function' && destination.hasColors() === true;
}

const plain: Palette = { dim: (text) => text, strong: (text) => text };
const levelStyles: Readonly<Record<string, 'bold' | 'dim' | 'yellow' | 'red'>> = {
  debug: 'dim',
  warn: 'yellow',
  error: 'red',
};
const coloured: Palette = {
  dim: (text) => styleText('dim', text, { validateStream: false }),
  strong: (text, level) => styleText(levelStyles[level] ?? 'bold', text, { validateStream: false }),
};
