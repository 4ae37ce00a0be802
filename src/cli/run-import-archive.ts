/** The life of `vambe import FILE.vambe`: an archive into an empty database, all of it or nothing. */
import { emptyLabelFor } from '../models/api-tables.ts';
import { writeArchive } from '../models/queries/archive.ts';
import { countJobs } from '../models/queries/jobs.ts';
import { readArchiveLines } from '../services/archive/archive-file.ts';
import { openArchive } from '../services/archive/archive-format.ts';
import { importArchive } from '../services/archive/archive-import.ts';
import type { Cli } from './kit/cli.ts';
import { counted } from './kit/counted.ts';
import { withDatabase } from './kit/with-database.ts';

/** @throws AppError INPUT_FILE_INVALID, USAGE, DATABASE_* */
export async function runImportArchive(cli: Cli, path: string): Promise<void> {
  // Before any server: a wrong file is told at once.
  const archive = await openArchive(readArchiveLines(path, cli.signal), path);
  await withDatabase(cli, async (database, { schema }) => {
    const emptyLabel = emptyLabelFor(cli.config().config.labelsWithoutValue, schema);
    const counts = await writeArchive(database, emptyLabel, (target) =>
      importArchive({ archive, target, schemaVersion: schema.version, signal: cli.signal }),
    ).catch((error: unknown) => {
      if (cli.signal.aborted) cli.note('vambe: stopped before the end of the archive. Nothing was imported.');
      throw error;
    });
    const { queued, retrying } = await countJobs(database);
    const open = queued + retrying;
    if (cli.json) return cli.document({ success: true, file: path, rows: counts, open_jobs: open });
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    cli.out(
      `${counted(counts['public.meetings'] ?? 0, 'meeting')} imported from ${path}, ${counted(all, 'row')} in all.`,
    );
    if (open > 0)
      cli.note(
        `${open === 1 ? '1 job is open: a worker takes it' : `${open} jobs are open: a worker takes them`} up within half a minute of its start.`,
      );
  });
}
