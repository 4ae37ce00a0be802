/** Imports a meetings file: saves its rows, queues what is new, and counts the outcomes. */
import type { Database } from '../../core/connections/database.ts';
import type { Enqueuer } from '../../core/queue/enqueue.ts';
import { noteAction } from '../../models/queries/controls.ts';
import { saveMeetings } from '../../models/queries/meeting-store.ts';
import { classificationRequest } from '../jobs/classification-request.ts';
import type { MeetingsSource } from './csv/meetings-source.ts';
import { type ImportReport, importMeetings, type MeetingStore, type RejectedRow } from './import-meetings.ts';

export interface ImportFileDeps {
  readonly database: Database;
  /** Unset: meetings are stored and not queued. */
  readonly enqueuer?: Enqueuer;
}

export interface ImportFileRequest {
  /** From `openMeetingsCsv` or another that opens files. */
  readonly source: MeetingsSource;
  /** Without its folder, for the audit row. */
  readonly fileName: string;
  /** Who imports, for the audit row. */
  readonly actor: string;
  /** IANA name: the zone of dates that name none. */
  readonly timeZone: string;
  readonly now: Date;
  /** Stops after the chunk that is being saved. */
  readonly signal?: AbortSignal;
  onRejected?(row: RejectedRow): Promise<void>;
  onProgress?(progress: ImportProgress): void;
}

export interface ImportProgress {
  readonly rows: number;
  /** Characters of the cells read so far. */
  readonly chars: number;
}

export interface ImportedFile extends ImportReport {
  readonly queued: number;
  /** New meetings without a transcript: there is nothing to classify. */
  readonly blank: number;
  /** False: Redis did not take some of the jobs, so they wait in the database. */
  readonly isQueued: boolean;
  /** Lowest and highest id of the new meetings; null: there are none. */
  readonly ids: { readonly first: number; readonly last: number } | null;
}

/** Safe to run twice: the second time all rows exist. @throws AppError SETTINGS_INVALID, DATABASE_*; rows saved before that stay */
export async function importFile(
  { database, enqueuer }: ImportFileDeps,
  { source, fileName, actor, timeZone, now, signal, onRejected, onProgress }: ImportFileRequest,
): Promise<ImportedFile> {
  const { store, takeBlanks } = createBlankWatch(database);
  const { records, readChars } = countChars(source);
  const tally = { queued: 0, blank: 0, isQueued: true };
  let ids: ImportedFile['ids'] = null;
  const report = await importMeetings(
    { ...source, records },
    {
      store,
      async onInserted(inserted) {
        ids = widen(ids, inserted);
        const blanks = takeBlanks();
        const withTranscript = inserted.filter((id) => !blanks.has(id));
        tally.blank += inserted.length - withTranscript.length;
        if (enqueuer === undefined || withTranscript.length === 0) return;
        const { queued } = await enqueuer.enqueue(
          withTranscript.map((id) => classificationRequest(id, { origin: 'import' })),
        );
        if (queued === 'database') tally.isQueued = false;
        tally.queued += withTranscript.length;
      },
      onRejected,
      onProgress: (rows) => onProgress?.({ rows, chars: readChars() }),
    },
    { timeZone, now, signal },
  );
  if (report.inserted > 0) {
    const after = { file: fileName, inserted: report.inserted, queued: tally.queued };
    await noteAction(database, { actor, action: 'import', object: 'meetings', after, reason: null });
  }
  return { ...report, ...tally, ids };
}

/** Remembers which of the saved meetings have no transcript until they are asked for. */
function createBlankWatch(database: Database): { store: MeetingStore; takeBlanks(): ReadonlySet<number> } {
  let blanks = new Set<number>();
  return {
    store: {
      async saveChunk(rows) {
        const outcomes = await saveMeetings(database, rows);
        for (const [index, { meetingId }] of outcomes.entries()) {
          if (rows[index]?.transcript === null) blanks.add(meetingId);
        }
        return outcomes;
      },
    },
    takeBlanks() {
      const taken = blanks;
      blanks = new Set();
      return taken;
    },
  };
}

/** Counts characters as records pass: the number of rows is not known before the end, and reading the file twice would cost a sixth. */
function countChars({ records }: MeetingsSource): { records: MeetingsSource['records']; readChars(): number } {
  let chars = 0;
  async function* counted() {
    for await (const record of records) {
      for (const cell of Object.values(record.cells ?? {})) chars += cell.length;
      yield record;
    }
  }
  return { records: counted(), readChars: () => chars };
}

function widen(ids: ImportedFile['ids'], more: readonly number[]): ImportedFile['ids'] {
  const [first, last] = [Math.min(...more), Math.max(...more)];
  return ids === null ? { first, last } : { first: Math.min(ids.first, first), last: Math.max(ids.last, last) };
}
