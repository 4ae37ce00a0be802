/** `vambe import`: meetings from a CSV file, the new ones onto the queue; or all there is from an archive. */
import type { Command } from 'commander';
import { type DateOrder, dateOrders } from '../../services/meetings/csv/date-form.ts';
import type { MeetingsSource } from '../../services/meetings/csv/meetings-source.ts';
import type { ImportedFile, ImportFileDeps, ImportProgress } from '../../services/meetings/import-file.ts';
import type { Core } from '../../wiring.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';
import { launcherName } from '../launcher.ts';

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
    .option('--rejects <file>', 'write rejected rows there, with their reasons, to be corrected and imported again')
    .option('--no-classify', 'store only; "vambe classify --unclassified" queues them later')
    .option(
      '--date-order <order>',
      `order of day (d), month (m) and year (y) where the dates of the file fit several: ${dateOrders.join(', ')}`,
      oneOf(dateOrders),
    )
    .addHelpText('after', columnHelp)
    .action((file: string, flags: ImportFlags) =>
      file.toLowerCase().endsWith(archiveEnding) ? restoreArchive(cli, file, flags) : importCsv(cli, file, flags),
    );
  withExample(
    command,
    'vambe import meetings.csv',
    'vambe import meetings.csv --rejects rejected.csv',
    'vambe import meetings.csv --date-order dmy',
    'vambe import all.vambe',
  );
}

const columnHelp = `
Columns, in any order:
  Nombre, Correo Electronico, Numero de Telefono, Fecha de la Reunion,
  Vendedor asignado, closed, Transcripcion
Fecha de la Reunion:
  2024-05-02 (with a time and zone, too), 02/05/2024, 02-05-24,
  2 de mayo de 2024, May 2, 2024, 02/05/2024 3:30 p. m.,
  or Excel's day number 45414.
  All dates of a file are read in one form, which the result names. A day
  above 12 decides between day-month-year and month-day-year; where no row
  has one, give --date-order. Two-digit years: 00 to 69 are 2000 to 2069,
  70 to 99 are 1970 to 1999.
closed:
  0/1, true/false, verdadero/falso, sí/no, yes/no, S/N, Y/N, x/empty,
  ganado/perdido, Closed Won/Closed Lost.
A row of a client, seller and date that are stored already changes nothing:
a file may be imported twice.`;

/** Below this, a file is imported before a progress bar could be read. */
const smallBytes = 256 * 1024;

interface Importing {
  readonly path: string;
  readonly source: MeetingsSource;
  readonly rejectsPath: string | undefined;
}

async function importCsv(cli: Cli, path: string, flags: ImportFlags): Promise<void> {
  const { rejects: rejectsPath, classify, dateOrder } = flags;
  const [{ stat }, { basename }, { openMeetingsCsv }, { openRejectsFile }, { importFile }, { currentActor }] =
    await Promise.all([
      import('node:fs/promises'),
      import('node:path'),
      import('../../services/meetings/csv/csv-file.ts'),
      import('../../services/meetings/csv/rejects-file.ts'),
      import('../../services/meetings/import-file.ts'),
      import('../kit/actor.ts'),
    ]);
  // Before any server: a wrong file is reported at once.
  const source = await openMeetingsCsv(path, { dateOrder, signal: cli.signal });
  const { size } = await stat(path);
  const rejects = rejectsPath === undefined ? undefined : await openRejectsFile(rejectsPath, path);
  const importInto = async (deps: ImportFileDeps) => {
    const imported = await withProgress(cli, size, (onProgress) =>
      importFile(deps, {
        source,
        fileName: basename(path),
        actor: currentActor(),
        timeZone: cli.config().config.importTimezone,
        now: new Date(),
        signal: cli.signal,
        onRejected: rejects?.write,
        onProgress,
      }),
    );
    await print(cli, { path, source, rejectsPath }, imported);
    return imported;
  };
  try {
    if (classify) {
      const { withCore } = await import('../kit/servers.ts');
      await withCore(cli, async (app) => {
        const imported = await importInto({ database: app.database, enqueuer: app.enqueuer });
        if (imported.queued > 0) await printNext(cli, app, imported);
      });
    } else {
      const { withDatabase } = await import('../kit/with-database.ts');
      const { ids } = await withDatabase(cli, (database) => importInto({ database }));
      if (ids !== null) cli.note(`Next: ${launcherName()} classify --unclassified`);
    }
  } finally {
    await rejects?.close();
  }
}

/** A bar for a file that takes a while, and a note of what stays where the import fails. */
async function withProgress(
  cli: Cli,
  fileBytes: number,
  work: (onProgress: (progress: ImportProgress) => void) => Promise<ImportedFile>,
): Promise<ImportedFile> {
  const bar = fileBytes < smallBytes ? undefined : cli.bar(100, 'importing, % of the file');
  let done = 0;
  try {
    const imported = await work(({ rows, chars }) => {
      done = rows;
      bar?.update(Math.min(99, Math.floor((chars / fileBytes) * 100)));
    });
    if (!imported.isInterrupted) bar?.update(100);
    return imported;
  } catch (error) {
    bar?.stop();
    if (done > 0) {
      const stays = done === 1 ? '1 row is done and stays' : `${done} rows are done and stay`;
      cli.note(`vambe: ${stays}. Import the file again: rows that are stored are passed over.`);
    }
    throw error;
  } finally {
    bar?.stop();
  }
}

async function print(cli: Cli, importing: Importing, imported: ImportedFile): Promise<void> {
  const [{ toImportDocument }, { describeImport, describeRejectsFile }] = await Promise.all([
    import('../../contract/imports.ts'),
    import('../print/import.ts'),
  ]);
  const { path, rejectsPath, source } = importing;
  if (cli.json) cli.document(toImportDocument(path, imported));
  else cli.out(describeImport(cli, path, imported));
  if (imported.isInterrupted) cli.note('vambe: stopped before the end of the file. Import it again for the rest.');
  if (imported.rejected.length === 0) return;
  if (rejectsPath !== undefined) cli.note(describeRejectsFile(rejectsPath, source.dateForm));
  cli.exitWith(4);
}

async function printNext(cli: Cli, { redis, clock }: Core, { ids, isQueued }: ImportedFile): Promise<void> {
  const [{ describeNotQueued }, { readPresence }] = await Promise.all([
    import('../../services/jobs/not-queued.ts'),
    import('../../services/observe/look.ts'),
  ]);
  if (!isQueued) cli.note(`vambe: ${describeNotQueued('several')}`);
  const { alive } = await readPresence(redis, clock).catch(() => ({ alive: [] }));
  cli.note(
    alive.length > 0
      ? 'A running worker classifies them now: "vambe status" shows how far it is.'
      : 'No worker is running: "vambe up" (or "vambe worker") classifies them.',
  );
  if (ids !== null) cli.note(`Next: ${launcherName()} show ${ids.first}`);
}

async function restoreArchive(cli: Cli, path: string, { rejects, classify, dateOrder }: ImportFlags): Promise<void> {
  const [
    { AppError },
    { readArchiveLines },
    { openArchive },
    restoring,
    { toRestoreDocument },
    { describeOpenJobs, describeRestored },
  ] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../services/archive/archive-file.ts'),
    import('../../services/archive/archive-format.ts'),
    import('../../services/archive/restore-archive.ts'),
    import('../../contract/imports.ts'),
    import('../print/import.ts'),
  ]);
  if (rejects !== undefined || !classify || dateOrder !== undefined) {
    const option = rejects !== undefined ? '--rejects' : classify ? '--date-order' : '--no-classify';
    const message = `${option} has no meaning for an archive, which comes whole or not at all. Leave it out.`;
    throw new AppError('USAGE', message);
  }
  // Before any server: a wrong file is reported at once.
  const archive = await openArchive(readArchiveLines(path, cli.signal), path);
  const { withDatabase } = await import('../kit/with-database.ts');
  await withDatabase(cli, async (database, { schema, emptyLabel }) => {
    const request = { archive, schemaVersion: schema.version, emptyLabel, signal: cli.signal };
    const restored = await restoring.restoreArchive(database, request).catch((error: unknown) => {
      if (cli.signal.aborted) cli.note('vambe: stopped before the end of the archive. Nothing was imported.');
      throw error;
    });
    if (cli.json) return cli.document(toRestoreDocument(path, restored));
    cli.out(cli.prose(describeRestored(path, restored)));
    if (restored.openJobs > 0) cli.note(describeOpenJobs(restored.openJobs));
  });
}
