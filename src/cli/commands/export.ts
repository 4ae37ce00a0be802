/** `vambe export`: every meeting with its labels, streamed. */
import type { Command } from 'commander';
import type { ExportFileDocument } from '../../contract/exports.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';

const formats = ['csv', 'jsonl', 'json', 'archive'] as const;
type Format = (typeof formats)[number];

type Written = Format | 'eval';

interface ExportFlags {
  readonly format?: Format;
  readonly out?: string;
  readonly for?: 'eval';
  readonly excel?: boolean;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('export')
    .description('all meetings with their labels; as an archive everything, to move to another database')
    .option('-f, --format <format>', `${formats.join(', ')} (default: csv; json with --json)`, oneOf(formats))
    .option('-o, --out <file>', 'write there instead of to stdout; a file of that name is replaced')
    .option(
      '--for <purpose>',
      'eval: the meetings that people reviewed, a line each, as "vambe eval" takes them',
      oneOf(['eval']),
    )
    .option('--excel', 'CSV that Excel opens by a double click: byte order mark and semicolons')
    .action(async ({ format, out, for: purpose, excel = false }: ExportFlags) => {
      await refuseMixedUp({ format, purpose, excel });
      const written = purpose ?? format;
      if (out === undefined) await exportToStdout(cli, written ?? (cli.json && !excel ? 'json' : 'csv'), excel);
      else await exportToFile(cli, { format: written ?? 'csv', out, isExcel: excel });
    });
  withExample(
    command,
    'vambe export --format csv --out meetings.csv',
    'vambe export --excel --out meetings.csv',
    'vambe export --format jsonl | head -3',
    'vambe export --for eval --out reviewed.jsonl',
    'vambe export --format archive --out all.vambe',
  );
}

async function refuseMixedUp(given: { format?: Format; purpose?: 'eval'; excel: boolean }): Promise<void> {
  const { format, purpose, excel } = given;
  const isOther = excel && (purpose !== undefined || (format !== undefined && format !== 'csv'));
  if (!isOther && (purpose === undefined || format === undefined)) return;
  const { AppError } = await import('../../core/errors.ts');
  const message = isOther ? '--excel goes only with CSV' : `--for ${purpose} has a format of its own`;
  throw new AppError('USAGE', `${message}. Leave one of the options out.`);
}

async function exportToStdout(cli: Cli, format: Written, isExcel: boolean): Promise<void> {
  if ((cli.json && format !== 'json') || (format === 'archive' && cli.isTerminal)) {
    const { AppError } = await import('../../core/errors.ts');
    throw new AppError(
      'USAGE',
      cli.json
        ? `--json promises one JSON document on stdout, ${format === 'eval' ? '--for eval' : `--format ${format}`} is none. Leave one of them out, or add --out FILE.`
        : 'An archive is no text for a terminal. Add --out FILE.vambe, or send it into a pipe.',
    );
  }
  await write(cli, { format, isExcel, to: cli.stdout, end: false });
}

async function exportToFile(
  cli: Cli,
  { format, out, isExcel }: { format: Written; out: string; isExcel: boolean },
): Promise<void> {
  const { openTarget } = await import('../export-target.ts');
  // Before any server: a place that cannot be written is reported at once.
  const target = await openTarget(out);
  let meetings: number;
  try {
    meetings = await write(cli, { format, isExcel, to: target.stream, end: true });
    await target.keep();
  } catch (error) {
    await target.discard();
    throw error;
  }
  const document: ExportFileDocument = {
    success: true,
    file: out,
    format,
    meetings,
  };
  const { counted } = await import('../kit/counted.ts');
  if (cli.json) cli.document(document);
  else cli.note(`${counted(meetings, 'meeting')} written to ${out} (${format}).`);
}

interface Writing {
  readonly format: Written;
  readonly isExcel: boolean;
  readonly to: import('node:stream').Writable;
  /** Whether the target ends with the export; stdout does not. */
  readonly end: boolean;
}

async function write(cli: Cli, writing: Writing): Promise<number> {
  const [{ withDatabase }, { writeExport }] = await Promise.all([
    import('../kit/with-database.ts'),
    import('../../services/meetings/write-export.ts'),
  ]);
  return withDatabase(cli, (database, { schema }) =>
    writeExport(database, { ...writing, schemaVersion: schema.version, now: new Date(), signal: cli.signal }),
  );
}
