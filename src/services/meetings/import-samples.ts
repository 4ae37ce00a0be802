/** Sample meetings for a database that has none yet. */
import type { Database } from '../../core/connections/database.ts';
import type { Enqueuer } from '../../core/queue/enqueue.ts';
import { countMeetings } from '../../models/queries/overview.ts';
import { openMeetingsCsv } from './csv/csv-file.ts';
import { type ImportedFile, type ImportFileRequest, importFile } from './import-file.ts';

export interface ImportSamplesRequest extends Pick<ImportFileRequest, 'actor' | 'timeZone' | 'now'> {
  /** Of samples/meetings.csv. */
  readonly path: string;
}

/** Undefined where meetings are there already: samples never mix with them. @throws AppError DATABASE_* */
export async function importSamples(
  deps: { readonly database: Database; readonly enqueuer: Enqueuer },
  { path, ...request }: ImportSamplesRequest,
): Promise<ImportedFile | undefined> {
  if ((await countMeetings(deps.database)) > 0) return undefined;
  return importFile(deps, { ...request, source: await openMeetingsCsv(path), fileName: 'samples/meetings.csv' });
}
