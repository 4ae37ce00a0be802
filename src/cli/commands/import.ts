/** `vambe import`: meetings from a CSV file into the database, and the new ones onto the queue. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withExample } from '../help.ts';

interface ImportFlags {
  readonly rejects?: string;
  readonly classify: boolean;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('import')
    .description('meetings from a CSV file; what is new is queued for classification')
    .argument('<file>', 'CSV file; UTF-8, UTF-16 or Windows-1252, cells separated by commas, semicolons or tabs')
    .option('--rejects <file>', 'write rejected rows there, with their reasons, to be mended and imported again')
    .option('--no-classify', 'store only; "vambe classify --unclassified" queues them later')
    .addHelpText(
      'after',
      `
Columns, in any order:
  Nombre, Correo Electronico, Numero de Telefono, Fecha de la Reunion, Vendedor asignado, closed, Transcripcion
A row of a client, seller and date that are there already changes nothing: a file may be imported twice.`,
    )
    .action(async (file: string, flags: ImportFlags) => {
      const { runImport } = await import('../run-import.ts');
      await runImport(cli, file, flags);
    });
  withExample(command, 'vambe import meetings.csv', 'vambe import meetings.csv --rejects rejected.csv');
}
