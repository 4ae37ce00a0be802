/** What an import would store, without a database: what was recognised, counts, and the first rows. */
import { createHash } from 'node:crypto';
import type { StoredMeeting } from '../../models/queries/meeting-store.ts';
import type { MeetingsSource } from './csv/meetings-source.ts';
import { type ImportReport, importMeetings, type MeetingRow } from './import-meetings.ts';

export interface PreviewRequest {
  /** IANA name: the zone of dates that name none. */
  readonly timeZone: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

export interface ImportPreview {
  readonly source: Pick<MeetingsSource, 'format' | 'headerLine' | 'columns'>;
  /** `inserted` would be stored, `existing` and `differing` repeat another row of the file. */
  readonly report: ImportReport;
  readonly rows: readonly MeetingRow[];
}

const shownRows = 5;

/** @throws AppError SETTINGS_INVALID for an unknown time zone */
export async function previewImport(source: MeetingsSource, request: PreviewRequest): Promise<ImportPreview> {
  const rows: MeetingRow[] = [];
  const store = createMemoryStore();
  const report = await importMeetings(
    source,
    {
      store: {
        async saveChunk(chunk) {
          rows.push(...chunk.slice(0, shownRows - rows.length));
          return chunk.map(store);
        },
      },
    },
    request,
  );
  return { source, report, rows };
}

/** As the database does: the same meeting by client, seller and time, its transcript known by a digest. */
function createMemoryStore(): (row: MeetingRow) => StoredMeeting {
  const stored = new Map<string, { readonly meetingId: number; readonly digest: string }>();
  return ({ clientEmail, clientName, sellerEmail, meetingAt, transcript }) => {
    const key = JSON.stringify([clientEmail, clientEmail ?? clientName, sellerEmail, meetingAt]);
    const digest = createHash('sha256')
      .update(transcript ?? '')
      .digest('base64');
    const known = stored.get(key);
    if (known !== undefined) {
      return { kind: known.digest === digest ? 'existing' : 'differs', meetingId: known.meetingId };
    }
    const meetingId = stored.size + 1;
    stored.set(key, { meetingId, digest });
    return { kind: 'inserted', meetingId };
  };
}
