/** `vambe import`: meetings from a CSV file, the new ones onto the queue; or all there is from an archive. */
import type { Command } from 'commander';
import { type DateOrder, dateOrders } from '../../services/meetings/date-form.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';

const archiveEnding = '.vambe';

interface ImportFlags {
  readonly rejects?: string;
  readonly classify: boolean;
  readonly dateOrder?: DateOrder;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('import')
    .description('meetings from a CSV file, what is new is queued; or an archive into an empty database')
    .argument(
      '<file>',
      'CSV file (UTF-8, UTF-16 or Windows-1252; cells separated by commas, semicolons or tabs), or FILE.vambe of "vambe export --format archive"',
    )
    .option('--rejects <file>', 'write rejected rows there, with their reasons, to be mended and imported again')
    .option('--no-classify', 'store only; "vambe classify --unclassified" queues them later')
    .option(
      '--date-order <order>',
      `order of day (d), month (m) and year (y) where the dates of the file fit several: ${dateOrders.join(', ')}`,
      oneOf(dateOrders),
    )
    .addHelpText(
      'after',
      `
Columns, in any order:
  Nombre, Correo Electronico, Numero de Telefono, Fecha de la Reunion, Vendedor asignado, closed, Transcripcion
Fecha de la Reunion: 2024-05-02 (with a time and zone, too), 02/05/2024, 02-05-24, 2 de mayo de 2024, May 2, 2024,
  02/05/2024 3:30 p. m., or Excel's day number 45414. All dates of a file are read in one form, which the result names.
  A day above 12 decides between day-month-year and month-day-year; where no row has one, give --date-order.
  Two-digit years: 00 to 69 are 2000 to 2069, 70 to 99 are 1970 to 1999.
closed: 0/1, true/false, verdadero/falso, sí/no, yes/no, S/N, Y/N, x/empty, ganado/perdido, Closed Won/Closed Lost.
A row of a client, seller and date that are there already changes nothing: a file may be imported twice.`,
    )
    .action(async (file: string, flags: ImportFlags) => {
      if (file.toLowerCase().endsWith(archiveEnding)) return importArchive(cli, file, flags);
      const { runImport } = await import('../run-import.ts');
      await runImport(cli, file, flags);
    });
  withExample(
    command,
    'vambe import meetings.csv',
    'vambe import meetings.csv --rejects rejected.csv',
    'vambe import meetings.csv --date-order dmy',
    'vambe import all.vambe',
  );
}

async function importArchive(cli: Cli, file: string, { rejects, classify, dateOrder }: ImportFlags): Promise<void> {
  if (rejects !== undefined || !classify || dateOrder !== undefined) {
    const { AppError } = await import('../../core/errors.ts');
    const option = rejects !== undefined ? '--rejects' : classify ? '--date-order' : '--no-classify';
    throw new AppError(
      'USAGE',
      `${option} has no meaning for an archive, which comes whole or not at all. Leave it out.`,
    );
  }
  const { runImportArchive } = await import('../run-import-archive.ts');
  await runImportArchive(cli, file);
}
