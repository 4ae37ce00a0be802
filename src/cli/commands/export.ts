/** `vambe export`: every meeting with its labels, streamed. */
import type { Command } from 'commander';
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
    .action(async (flags: ExportFlags) => {
      const { runExport } = await import('../run-export.ts');
      await runExport(cli, flags);
    });
  withExample(
    command,
    'vambe export --format csv --out meetings.csv',
    'vambe export --format jsonl | head -3',
    'vambe export --format archive --out all.vambe',
  );
}
