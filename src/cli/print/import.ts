/** The outcomes of the rows of an imported file, as text for people. */
import path from 'node:path';
import type { RestoredArchive } from '../../services/archive/restore-archive.ts';
import type { DateForm } from '../../services/meetings/csv/date-form.ts';
import type { ImportedFile } from '../../services/meetings/import-file.ts';
import type { ImportReport, MeetingRow } from '../../services/meetings/import-meetings.ts';
import type { ImportPreview } from '../../services/meetings/preview-import.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';

const maxLines = 20;

export function describeImport(cli: Cli, file: string, result: ImportedFile): string {
  const { differing, rejected, warnings, fileNotes } = result;
  const parts = [
    describeCounts(cli, file, result),
    fileNotes.map((note) => cli.prose(note)).join('\n'),
    differing.length === 0
      ? ''
      : `${cli.prose('Differing: client, seller and date are those of a meeting that has another transcript. It was kept as it was.')}\n${list(
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

function describeCounts(cli: Cli, file: string, result: ImportedFile): string {
  const { encoding, delimiter, datesReadAs, ids } = result;
  const counts: [string, number][] = [
    ['rows read', result.read],
    ['inserted', result.inserted],
    ['queued for classification', result.queued],
    ['without a transcript', result.blank],
    ['already there', result.existing],
    ['differing', result.differing.length],
    ['rejected', result.rejected.length],
  ];
  const idRange: [string, string][] = ids === null ? [] : [['ids', describeIds(ids)]];
  if (!cli.isTerminal) {
    const format = Object.entries({ encoding, delimiter: delimiter ?? 'none', 'dates read as': datesReadAs ?? 'none' });
    return cli.table(['what', 'is'], [...format, ...counts, ...idRange]);
  }
  const always = new Set(['rows read', 'inserted', 'rejected']);
  const met = counts.filter(([name, count]) => count > 0 || always.has(name));
  const dates = datesReadAs === null ? '' : `, dates read as ${datesReadAs}`;
  const separated = delimiter === null ? '' : `, separated by ${delimiter}`;
  const head = cli.prose(`📥 ${path.basename(file)}: ${encoding}${separated}${dates}`);
  return `${head}\n${cli.table(['', 'rows'], [...met, ...idRange])}`;
}

/** `12` or `12 to 34`. */
export function describeIds({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? String(first) : `${first} to ${last}`;
}

/** What was recognised of a file, and its first rows as they would be stored. */
export function describePreview(cli: Cli, file: string, { source, report, rows }: ImportPreview): string {
  const columns = Object.entries(source.columns).map(([ours, theirs]) => [ours, theirs] as const);
  const header = source.headerLine === null ? [] : [['header in line', source.headerLine] as const];
  const recognised = cli.table(
    ['what', 'is'],
    [
      ['encoding', report.encoding],
      ['delimiter', report.delimiter ?? 'none'],
      ...header,
      ['dates read as', report.datesReadAs ?? 'none'],
      ['rows read', report.read],
      ['would be stored', report.inserted],
      ['repeated in the file', report.existing + report.differing.length],
      ['rejected', report.rejected.length],
    ],
  );
  const stored = rows.map((row) => describeRow(cli, row)).join('\n\n');
  return [
    cli.style('bold', file),
    recognised,
    columns.length === 0 ? '' : cli.table(['column', 'read from'], columns),
    report.fileNotes.map((note) => cli.prose(note)).join('\n'),
    report.rejected.length === 0 ? '' : `Rejected:\n${noteList(cli, ['line', 'reason'], report.rejected)}`,
    report.warnings.length === 0 ? '' : `Kept, but odd:\n${noteList(cli, ['line', 'what'], report.warnings)}`,
    stored === '' ? '' : `The first rows, as they would be stored:\n${stored}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const shownTranscriptChars = 200;

function describeRow(cli: Cli, row: MeetingRow): string {
  const transcript = (row.transcript ?? '').replace(/\s+/g, ' ');
  const rest = transcript.length - shownTranscriptChars;
  return cli.table(
    [`line ${row.line}`, ''],
    [
      ['client', row.clientName],
      ['e-mail', row.clientEmail],
      ['phone', row.clientPhone],
      ['meeting at', row.meetingAt.toISOString()],
      ['seller', row.sellerName],
      ['closed', row.closed ? 'yes' : 'no'],
      ['transcript', rest > 0 ? `${transcript.slice(0, shownTranscriptChars)}… (${rest} more)` : transcript || null],
    ],
  );
}

function noteList(cli: Cli, head: readonly string[], notes: ImportReport['rejected']): string {
  return list(
    cli,
    head,
    notes.map(({ line, reason }) => [line, reason]),
  );
}

/** All of them where a program reads; for people as many as fit a screen. */
function list(cli: Cli, head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const shown = cli.isTerminal ? rows.slice(0, maxLines) : rows;
  const rest = rows.length - shown.length;
  return cli.table(head, shown) + (rest === 0 ? '' : `\n… and ${rest} more: --json lists all`);
}

/** Few rejected rows may fit both orders, where the whole file decided, so the order is named. */
export function describeRejectsFile(file: string, dateForm: DateForm | undefined): string {
  const isOrdered = dateForm?.family === 'year last' || dateForm?.family === 'two-digit year';
  const order = isOrdered ? ` with --date-order ${dateForm.order}` : '';
  return `Rejected rows are in ${file}: correct them and import that file${order}.`;
}

export function describeRestored(file: string, { rows }: RestoredArchive): string {
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return `${counted(rows['public.meetings'] ?? 0, 'meeting')} imported from ${file}, ${counted(all, 'row')} in all.`;
}

export function describeOpenJobs(openJobs: number): string {
  const taken = openJobs === 1 ? '1 job is open: a worker takes it' : `${openJobs} jobs are open: a worker takes them`;
  return `${taken} up within half a minute of its start.`;
}
