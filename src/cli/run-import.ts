/** The life of `vambe import`: look at the file, open servers, save chunk by chunk, queue what is new, report. */
import { stat } from 'node:fs/promises';
import type { App } from '../app.ts';
import type { Database } from '../core/database.ts';
import { priorities } from '../core/queue/enqueue.ts';
import { listWorkers } from '../core/queue/presence.ts';
import { saveMeetings } from '../models/queries/meeting-store.ts';
import { type MeetingsCsv, openMeetingsCsv } from '../services/meetings/csv-file.ts';
import type { DateOrder } from '../services/meetings/date-form.ts';
import { importMeetings, type MeetingStore } from '../services/meetings/import-meetings.ts';
import { openRejectsFile, type RejectsFile } from '../services/meetings/rejects-file.ts';
import { describeImport, type ImportResult } from './describe-import.ts';
import type { Cli } from './kit/cli.ts';
import { withApp } from './kit/servers.ts';
import { withDatabase } from './kit/with-database.ts';

export interface ImportOptions {
  readonly rejects?: string;
  readonly classify: boolean;
  readonly dateOrder?: DateOrder;
}

export async function runImport(cli: Cli, path: string, options: ImportOptions): Promise<void> {
  // Before any server: a wrong file is told at once.
  const source = await openMeetingsCsv(path, { dateOrder: options.dateOrder, signal: cli.signal });
  const { size } = await stat(path);
  const rejects = options.rejects === undefined ? undefined : await openRejectsFile(options.rejects, path);
  try {
    const job = { path, source, fileBytes: size, rejects, rejectsPath: options.rejects };
    if (options.classify) await withApp(cli, (app) => importAndQueue(cli, app, job));
    else await withDatabase(cli, async (database) => tell(cli, job, await importInto(cli, database, job)));
  } finally {
    await rejects?.close();
  }
}

const smallBytes = 256 * 1024;

interface ImportJob {
  readonly path: string;
  readonly source: MeetingsCsv;
  readonly fileBytes: number;
  readonly rejects: RejectsFile | undefined;
  readonly rejectsPath: string | undefined;
  /** Takes new meetings that have a transcript, chunk by chunk. */
  readonly enqueue?: (meetingIds: readonly number[]) => Promise<void>;
}

async function importAndQueue(cli: Cli, app: App, job: ImportJob): Promise<void> {
  let isQueued = true;
  const enqueue = async (ids: readonly number[]) => {
    const requests = ids.map((id) => ({ task: 'classify_meeting', args: [id], origin: 'import' }));
    const { queued } = await app.enqueuer.enqueue(requests.map((each) => ({ ...each, priority: priorities.bulk })));
    if (queued === 'database') isQueued = false;
  };
  const result = await importInto(cli, app.database, { ...job, enqueue });
  tell(cli, job, result);
  if (result.queued === 0) return;
  if (!isQueued)
    cli.note('vambe: Redis did not take the jobs; a worker picks them up from the database within a minute.');
  const workers = await listWorkers(app.redis, app.clock).catch(() => []);
  cli.note(
    workers.length > 0
      ? 'A running worker classifies them now: "vambe status" shows how far it is.'
      : 'No worker is running: "vambe up" (or "vambe worker") classifies them.',
  );
}

async function importInto(
  cli: Cli,
  database: Database,
  { source, fileBytes, rejects, enqueue }: ImportJob,
): Promise<ImportResult> {
  const { config } = cli.config();
  // A small file is done before a bar is read.
  const bar = fileBytes < smallBytes ? undefined : cli.bar(100, 'importing, % of the file');
  const tally = { queued: 0, blank: 0, rows: 0 };
  const blanks = new Set<number>();
  const store: MeetingStore = {
    async saveChunk(rows) {
      const outcomes = await saveMeetings(database, rows);
      for (const [index, { meetingId }] of outcomes.entries()) {
        if (rows[index]?.transcript === null) blanks.add(meetingId);
      }
      return outcomes;
    },
  };
  const progress = watchProgress(source);
  try {
    const report = await importMeetings(
      { ...source, records: progress.records },
      {
        store,
        async onInserted(ids) {
          const withTranscript = ids.filter((id) => !blanks.has(id));
          tally.blank += ids.length - withTranscript.length;
          blanks.clear();
          if (enqueue === undefined || withTranscript.length === 0) return;
          await enqueue(withTranscript);
          tally.queued += withTranscript.length;
        },
        onRejected: rejects?.write,
        onProgress(rows) {
          tally.rows = rows;
          bar?.update(Math.min(99, Math.floor((progress.readChars() / fileBytes) * 100)));
        },
      },
      { timeZone: config.importTimezone, now: new Date(), signal: cli.signal },
    );
    if (!report.isInterrupted) bar?.update(100);
    return { ...report, ...tally };
  } catch (error) {
    bar?.stop();
    if (tally.rows > 0) {
      cli.note(
        `vambe: ${tally.rows === 1 ? '1 row is done and stays' : `${tally.rows} rows are done and stay`}. Import the file again: what is there is passed over.`,
      );
    }
    throw error;
  } finally {
    bar?.stop();
  }
}

/** Counts characters as records pass: rows are not known before the end, and reading the file once more would cost a sixth. */
function watchProgress({ records }: MeetingsCsv): { records: MeetingsCsv['records']; readChars(): number } {
  let chars = 0;
  async function* counted() {
    for await (const record of records) {
      for (const cell of Object.values(record.cells ?? {})) chars += cell.length;
      yield record;
    }
  }
  return { records: counted(), readChars: () => chars };
}

function tell(cli: Cli, { path, source, rejectsPath }: ImportJob, result: ImportResult): void {
  if (cli.json) cli.document(toDocument(path, result));
  else cli.out(describeImport(cli, path, result));
  if (result.isInterrupted) cli.note('vambe: stopped before the end of the file. Import it again for the rest.');
  if (result.rejected.length === 0) return;
  if (rejectsPath !== undefined) {
    // Few rows may fit both orders, where the whole file decided.
    const isOrdered = source.dateForm?.family === 'year last' || source.dateForm?.family === 'two-digit year';
    const order = isOrdered ? ` with --date-order ${source.dateForm?.order}` : '';
    cli.note(`Rejected rows are in ${rejectsPath}: mend them and import that file${order}.`);
  }
  cli.exitWith(4);
}

function toDocument(path: string, result: ImportResult) {
  return {
    success: result.rejected.length === 0 && !result.isInterrupted,
    file: path,
    encoding: result.encoding,
    delimiter: result.delimiter,
    dates_read_as: result.datesReadAs,
    read: result.read,
    inserted: result.inserted,
    existing: result.existing,
    differing: result.differing.map(({ line, meetingId }) => ({ line, meeting_id: meetingId })),
    rejected: result.rejected.map(({ line, reason }) => ({ line, reason })),
    warnings: result.warnings,
    file_notes: result.fileNotes,
    without_transcript: result.blank,
    queued: result.queued,
    is_interrupted: result.isInterrupted,
  };
}
