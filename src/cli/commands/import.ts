/** `vambe import`: meetings from a CSV file, the new ones onto the queue; or all there is from an archive. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withExample } from '../help.ts';

const archiveEnding = '.vambe';

interface ImportFlags {
  readonly rejects?: string;
  readonly classify: boolean;
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
    .addHelpText(
      'after',
      `
Columns, in any order:
  Nombre, Correo Electronico, Numero de Telefono, Fecha de la Reunion, Vendedor asignado, closed, Transcripcion
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
    'vambe import all.vambe',
  );
}

async function importArchive(cli: Cli, file: string, { rejects, classify }: ImportFlags): Promise<void> {
  if (rejects !== undefined || !classify) {
    const { AppError } = await import('../../core/errors.ts');
    const option = classify ? '--rejects' : '--no-classify';
    throw new AppError(
      'USAGE',
      `${option} has no meaning for an archive, which comes whole or not at all. Leave it out.`,
    );
  }
  const { runImportArchive } = await import('../run-import-archive.ts');
  await runImportArchive(cli, file);
}
