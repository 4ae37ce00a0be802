/** What became of the rows of an imported file, as text for people. */
import path from 'node:path';
import type { ImportReport } from '../services/meetings/import-meetings.ts';
import type { Cli } from './kit/cli.ts';

export interface ImportResult extends ImportReport {
  readonly queued: number;
  /** New meetings without a transcript: there is nothing to classify. */
  readonly blank: number;
}

const mostLines = 20;

export function describeImport(cli: Cli, file: string, result: ImportResult): string {
  const {
    encoding,
    delimiter,
    datesReadAs,
    read,
    inserted,
    existing,
    differing,
    rejected,
    warnings,
    fileNotes,
    queued,
    blank,
  } = result;
  const counts: [string, number][] = [
    ['rows read', read],
    ['inserted', inserted],
    ['queued for classification', queued],
    ['without a transcript', blank],
    ['already there', existing],
    ['differing', differing.length],
    ['rejected', rejected.length],
  ];
  const always = new Set(['rows read', 'inserted', 'rejected']);
  const met = counts.filter(([name, count]) => count > 0 || always.has(name));
  const dates = datesReadAs === null ? '' : `, dates read as ${datesReadAs}`;
  const head = `📥 ${path.basename(file)}: ${encoding}, separated by ${delimiter}${dates}`;
  const format = Object.entries({ encoding, delimiter, 'dates read as': datesReadAs ?? 'none' });
  const parts = [
    cli.isTerminal ? `${head}\n${cli.table(['', 'rows'], met)}` : cli.table(['what', 'is'], [...format, ...counts]),
    fileNotes.join('\n'),
    differing.length === 0
      ? ''
      : `Differing: client, seller and date are those of a meeting that has another transcript. It was kept as it was.\n${list(
          cli,
          ['line', 'meeting'],
          differing.map(({ line, meetingId }) => [line, meetingId]),
        )}`,
    rejected.length === 0
      ? ''
      : `Rejected:\n${list(
          cli,
          ['line', 'reason'],
          rejected.map(({ line, reason }) => [line, reason]),
        )}`,
    warnings.length === 0
      ? ''
      : `Kept, but odd:\n${list(
          cli,
          ['line', 'what'],
          warnings.map(({ line, reason }) => [line, reason]),
        )}`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** All of them where a program reads; for people as many as fit a screen. */
function list(cli: Cli, head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const shown = cli.isTerminal ? rows.slice(0, mostLines) : rows;
  const rest = rows.length - shown.length;
  return cli.table(head, shown) + (rest === 0 ? '' : `\n… and ${rest} more: --json lists all`);
}
