/** `vambe import`: meetings from files, the new ones onto the queue; or all there is from an archive. */
import { type Command, InvalidArgumentError } from 'commander';
import { cellOfName, type MeetingCell, meetingColumns } from '../../services/meetings/csv/column-names.ts';
import { type DateOrder, dateOrders } from '../../services/meetings/csv/date-form.ts';
import { type EncodingName, encodingNames } from '../../services/meetings/csv/file-text.ts';
import type { ImportedFile, ImportFileDeps, ImportProgress } from '../../services/meetings/import-file.ts';
import type { OpenedFile } from '../../services/meetings/sources/open-files.ts';
import type { Core } from '../../wiring.ts';
import type { Cli } from '../kit/cli.ts';
import { oneOf, withExample } from '../kit/help.ts';
import { launcherName } from '../launcher.ts';

const archiveEnding = '.vambe';

interface ImportFlags extends GivenFlags {
  readonly rejects?: string;
  readonly excel?: boolean;
  readonly classify: boolean;
  readonly dryRun?: boolean;
  readonly dateOrder?: DateOrder;
  readonly map?: ReadonlyMap<MeetingCell, string>;
  readonly groupBy?: string;
  readonly encoding?: EncodingName;
  readonly sheet?: string;
  readonly sidecar?: string;
}

/** Cells that the files do not have. */
interface GivenFlags {
  readonly client?: string;
  readonly seller?: string;
  readonly date?: string;
  readonly closed?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('import')
    .description(
      'meetings from CSV, Excel and transcript files, what is new is queued; or an archive into an empty database',
    )
    .argument(
      '<file...>',
      'CSV, .xlsx, transcript files (.txt .vtt .srt .json .docx .md, one meeting each), folders of them; or FILE.vambe of "vambe export --format archive"',
    )
    .option('--dry-run', 'store nothing: show what was recognised and five rows as they would be stored')
    .option('--rejects <file>', 'write rejected rows there, with their reasons, to be corrected and imported again')
    .option('--excel', 'with --rejects: a CSV file that Excel opens by a double click (BOM, semicolons)')
    .option('--no-classify', 'store only; "vambe classify --unclassified" queues them later')
    .option(
      '--date-order <order>',
      `order of day (d), month (m) and year (y) where the dates of the file fit several: ${dateOrders.join(', ')}`,
      oneOf(dateOrders),
    )
    .option('--map <column=name>', 'a column of ours and its name in the file; may be given more than once', columnMap)
    .option('--group-by <column>', 'the file has one row per utterance: this column says of which call')
    .option('--encoding <name>', `instead of what the bytes suggest: ${encodingNames.join(', ')}`, oneOf(encodingNames))
    .option('--sheet <sheet>', 'name or number of the sheet of a workbook (default: the first)')
    .option('--client <name>', 'client of the meetings, where the file does not say')
    .option('--seller <name>', 'seller of the meetings, where the file does not say')
    .option('--date <date>', 'date of the meetings, where the file does not say')
    .option('--closed <word>', 'whether they were closed, where the file does not say')
    .option('--sidecar <file>', 'CSV file with a column "file": client, seller, date … of each transcript file')
    .addHelpText('after', columnHelp)
    .action((files: string[], flags: ImportFlags) => runImport(cli, files, flags));
  withExample(
    command,
    'vambe import meetings.csv --dry-run',
    'vambe import meetings.xlsx --sheet Marzo --rejects rejected.csv',
    'vambe import crm.csv --map "Transcripcion=Call transcript" --date-order dmy',
    'vambe import calls/ --sidecar calls.csv',
    'vambe import call.vtt --client "Ana Ruiz" --seller "Camila Rojas" --date 2026-05-02',
    'vambe import all.vambe',
  );
}

/** `Transcripcion=Call transcript` */
function columnMap(
  given: string,
  before: ReadonlyMap<MeetingCell, string> = new Map(),
): ReadonlyMap<MeetingCell, string> {
  const equals = given.indexOf('=');
  const cell = equals === -1 ? undefined : cellOfName(given.slice(0, equals));
  const name = given.slice(equals + 1).trim();
  if (cell !== undefined && name !== '') return new Map([...before, [cell, name]]);
  const ours = Object.values(meetingColumns).join(', ');
  throw new InvalidArgumentError(`It must be a column of ours, = and its name in the file. Columns: ${ours}.`);
}

const columnHelp = `
Columns of a table, in any order:
  Nombre, Correo Electronico, Numero de Telefono, Fecha de la Reunion,
  Vendedor asignado, closed, Transcripcion
  or their names in English and in exports of HubSpot, Salesforce and
  Pipedrive; --dry-run shows which column is read as what.
A transcript file says client, seller and date in lines at its top
("Fecha: 2024-05-02"), in the sidecar, or the options say them.
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

interface Importing extends OpenedFile {
  readonly rejectsPath: string | undefined;
}

async function runImport(cli: Cli, files: readonly string[], flags: ImportFlags): Promise<void> {
  const archive = files.find((file) => file.toLowerCase().endsWith(archiveEnding));
  if (archive !== undefined) {
    const { restoreArchive } = await import('../restore-archive.ts');
    const others = files.filter((file) => file !== archive).map((file) => `"${file}"`);
    return restoreArchive(cli, archive, [...others, ...optionsOf(flags)]);
  }
  const { openFiles } = await import('../../services/meetings/sources/open-files.ts');
  const { client, seller, date, closed, ...choices } = flags;
  const stated = Object.entries({ name: client, seller, date, closed }).filter(([, text]) => text !== undefined);
  // Before any server: a wrong file is reported at once.
  const opened = await openFiles(files, { ...choices, given: Object.fromEntries(stated), signal: cli.signal });
  if (flags.dryRun === true) await previewFiles(cli, opened, optionsOf({ ...flags, dryRun: undefined }));
  else await importFiles(cli, opened, flags);
}

/** Options that were given, by their names. */
function optionsOf({ classify, ...flags }: ImportFlags): string[] {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  return classify ? names : [...names, '--no-classify'];
}

async function previewFiles(cli: Cli, opened: readonly OpenedFile[], options: readonly string[]): Promise<void> {
  const [{ AppError }, { previewImport }, { toPreviewDocument }, { describePreview }] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../services/meetings/preview-import.ts'),
    import('../../contract/imports.ts'),
    import('../print/import.ts'),
  ]);
  const meaningless = options.find((option) => ['--rejects', '--excel', '--no-classify'].includes(option));
  if (meaningless !== undefined) {
    throw new AppError('USAGE', `${meaningless} has no meaning with --dry-run, which stores nothing. Leave it out.`);
  }
  const request = { timeZone: cli.config().config.importTimezone, now: new Date(), signal: cli.signal };
  const previews: { name: string; preview: Awaited<ReturnType<typeof previewImport>> }[] = [];
  for (const { name, source } of opened) previews.push({ name, preview: await previewImport(source, request) });
  if (cli.json) cli.document(toPreviewDocument(previews));
  else for (const { name, preview } of previews) cli.out(describePreview(cli, name, preview));
  cli.note('vambe: nothing was stored.');
  if (previews.some(({ preview }) => preview.report.rejected.length > 0)) cli.exitWith(4);
}

async function importFiles(cli: Cli, opened: readonly OpenedFile[], flags: ImportFlags): Promise<void> {
  const [{ basename }, { openRejectsFile }, { importFile }, { currentActor }] = await Promise.all([
    import('node:path'),
    import('../../services/meetings/csv/rejects-file.ts'),
    import('../../services/meetings/import-file.ts'),
    import('../kit/actor.ts'),
  ]);
  const rejectsPath = flags.rejects;
  const form = { isExcel: flags.excel === true, like: opened[0]?.source };
  const rejects =
    rejectsPath === undefined
      ? undefined
      : await openRejectsFile(
          rejectsPath,
          opened.map(({ name }) => name),
          form,
        );
  const importInto = async (deps: ImportFileDeps): Promise<readonly ImportedFile[]> => {
    const all: { name: string; imported: ImportedFile }[] = [];
    for (const file of opened) {
      const imported = await withProgress(cli, file.bytes, (onProgress) =>
        importFile(deps, {
          source: file.source,
          fileName: basename(file.name),
          actor: currentActor(),
          timeZone: cli.config().config.importTimezone,
          now: new Date(),
          signal: cli.signal,
          onRejected: rejects?.write,
          onProgress,
        }),
      );
      all.push({ name: file.name, imported });
      await print(cli, { ...file, rejectsPath }, imported);
      if (imported.isInterrupted) break;
    }
    if (cli.json) await printDocument(cli, all);
    return all.map(({ imported }) => imported);
  };
  try {
    if (flags.classify) {
      const { withCore } = await import('../kit/servers.ts');
      await withCore(cli, async (app) => {
        const imported = await importInto({ database: app.database, enqueuer: app.enqueuer });
        await printNext(cli, app, imported);
      });
    } else {
      const { withDatabase } = await import('../kit/with-database.ts');
      const imported = await withDatabase(cli, (database) => importInto({ database }));
      if (imported.some(({ ids }) => ids !== null)) cli.note(`Next: ${launcherName()} classify --unclassified`);
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

async function print(cli: Cli, { name, rejectsPath, source }: Importing, imported: ImportedFile): Promise<void> {
  const { describeImport, describeRejectsFile } = await import('../print/import.ts');
  if (!cli.json) cli.out(describeImport(cli, name, imported));
  if (imported.isInterrupted) cli.note('vambe: stopped before the end of the file. Import it again for the rest.');
  if (imported.rejected.length === 0) return;
  if (rejectsPath !== undefined) cli.note(describeRejectsFile(rejectsPath, source.dateForm));
  cli.exitWith(4);
}

async function printDocument(cli: Cli, all: readonly { name: string; imported: ImportedFile }[]): Promise<void> {
  const { toImportDocument, toImportsDocument } = await import('../../contract/imports.ts');
  const [only, ...others] = all;
  cli.document(
    only !== undefined && others.length === 0 ? toImportDocument(only.name, only.imported) : toImportsDocument(all),
  );
}

async function printNext(cli: Cli, { redis, clock }: Core, imported: readonly ImportedFile[]): Promise<void> {
  if (imported.every(({ queued }) => queued === 0)) return;
  const [{ describeNotQueued }, { readPresence }] = await Promise.all([
    import('../../services/jobs/not-queued.ts'),
    import('../../services/observe/look.ts'),
  ]);
  if (imported.some(({ isQueued }) => !isQueued)) cli.note(`vambe: ${describeNotQueued('several')}`);
  const { alive } = await readPresence(redis, clock).catch(() => ({ alive: [] }));
  cli.note(
    alive.length > 0
      ? 'A running worker classifies them now: "vambe status" shows how far it is.'
      : 'No worker is running: "vambe up" (or "vambe worker") classifies them.',
  );
  const first = imported.find(({ ids }) => ids !== null)?.ids?.first;
  if (first !== undefined) cli.note(`Next: ${launcherName()} show ${first}`);
}
