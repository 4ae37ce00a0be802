/** `vambe export`: every meeting with its labels, streamed. */
import type { Command } from 'commander';
import type { ExportFileDocument } from '../../contract/exports.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';

const formats = ['csv', 'jsonl', 'json', 'archive'] as const;
type Format = (typeof formats)[number];

interface ExportFlags {
  readonly format?: Format;
  readonly out?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('export')
    .description('all meetings with their labels; as an archive everything, to move to another database')
    .option('-f, --format <format>', `${formats.join(', ')} (default: csv; json with --json)`, oneOf(formats))
    .option('-o, --out <file>', 'write there instead of to stdout; a file of that name is replaced')
    .action(async ({ format, out }: ExportFlags) => {
      if (out === undefined) await exportToStdout(cli, format ?? (cli.json ? 'json' : 'csv'));
      else await exportToFile(cli, { format: format ?? 'csv', out });
    });
  withExample(
    command,
    'vambe export --format csv --out meetings.csv',
    'vambe export --format jsonl | head -3',
    'vambe export --format archive --out all.vambe',
  );
}

async function exportToStdout(cli: Cli, format: Format): Promise<void> {
  if ((cli.json && format !== 'json') || (format === 'archive' && cli.isTerminal)) {
    const { AppError } = await import('../../core/errors.ts');
    throw new AppError(
      'USAGE',
      cli.json
        ? `--json promises one JSON document on stdout, --format ${format} is none. Leave one of them out, or add --out FILE.`
        : 'An archive is no text for a terminal. Add --out FILE.vambe, or send it into a pipe.',
    );
  }
  await write(cli, { format, to: cli.stdout, end: false });
}

async function exportToFile(cli: Cli, { format, out }: { format: Format; out: string }): Promise<void> {
  const { openTarget } = await import('../export-target.ts');
  // Before any server: a place that cannot be written is reported at once.
  const target = await openTarget(out);
  let meetings: number;
  try {
    meetings = await write(cli, { format, to: target.stream, end: true });
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
  readonly format: Format;
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
