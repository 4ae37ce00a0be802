/** `vambe import FILE.vambe`: all there is from an archive, into an empty database. */
import type { Cli } from './kit/cli.ts';

/** `options`: those given that have no meaning for an archive. @throws AppError USAGE, INPUT_FILE_INVALID, DATABASE_* */
export async function restoreArchive(cli: Cli, path: string, options: readonly string[]): Promise<void> {
  const [
    { AppError },
    { readArchiveLines },
    { openArchive },
    restoring,
    { toRestoreDocument },
    { describeOpenJobs, describeRestored },
  ] = await Promise.all([
    import('../core/errors.ts'),
    import('../services/archive/archive-file.ts'),
    import('../services/archive/archive-format.ts'),
    import('../services/archive/restore-archive.ts'),
    import('../contract/imports.ts'),
    import('./print/import.ts'),
  ]);
  const [option] = options;
  if (option !== undefined) {
    const message = `${option} has no meaning for an archive, which comes whole or not at all. Leave it out.`;
    throw new AppError('USAGE', message);
  }
  // Before any server: a wrong file is reported at once.
  const archive = await openArchive(readArchiveLines(path, cli.signal), path);
  const { withDatabase } = await import('./kit/with-database.ts');
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
