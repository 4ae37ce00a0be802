/** An event of a worker on one line. */
import type { Cli } from './kit/cli.ts';

/** Shown elsewhere on the line, or of no use to a person. */
const left: readonly string[] = [
  'hostname',
  'type',
  'timestamp',
  'uuid',
  'utcoffset',
  'pid',
  'clock',
  'local_received',
];
const longestValueChars = 120;

/** `2026-11-24T12:00:00.000Z worker@host task-succeeded 2f1c… runtime=0.01 result={…}` */
export function describeEvent(cli: Cli, event: Readonly<Record<string, unknown>>): string {
  const moment = typeof event.timestamp === 'number' ? new Date(event.timestamp * 1_000).toISOString() : '-';
  const fields = Object.entries(event)
    .filter(([name, value]) => !left.includes(name) && value !== null && !String(name).startsWith('sw_'))
    .map(([name, value]) => `${name}=${plain(value)}`);
  const head = [
    cli.style('dim', moment),
    cli.style('cyan', plain(event.hostname)),
    cli.style('bold', plain(event.type)),
  ];
  return [...head, ...(typeof event.uuid === 'string' ? [event.uuid] : []), ...fields].join(' ');
}

/** Senders are not to move the cursor. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  const clean = String(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return clean.length > longestValueChars ? `${clean.slice(0, longestValueChars)}…` : clean;
}
