/** What the tests of this folder share: files in a folder of their own, and a store in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredMeeting } from '../../../../../src/models/queries/meeting-store.ts';
import { type CsvOptions, openMeetingsCsv } from '../../../../../src/services/meetings/csv/csv-file.ts';
import {
  type ImportDeps,
  type ImportReport,
  importMeetings,
  type MeetingRow,
  type MeetingStore,
  type RejectedRow,
} from '../../../../../src/services/meetings/import-meetings.ts';

export const header =
  'Nombre,Correo Electronico,Numero de Telefono,Fecha de la Reunion,Vendedor asignado,closed,Transcripcion';
export const now = new Date('2025-06-01T12:00:00Z');

export interface TempFolder {
  write(content: string | Uint8Array, name?: string): string;
  path(name: string): string;
  remove(): void;
}

export function makeTempFolder(): TempFolder {
  const folder = mkdtempSync(join(tmpdir(), 'meetings-'));
  let count = 0;
  const path = (name: string) => join(folder, name);
  return {
    path,
    write(content, name) {
      count += 1;
      const file = path(name ?? `${count}.csv`);
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface MemoryStore extends MeetingStore {
  readonly meetings: MeetingRow[];
  readonly chunks: number[];
}

/** Behaves as the contract of MeetingStore says, with an array for a database. */
export function makeStore(): MemoryStore {
  const meetings: MeetingRow[] = [];
  const chunks: number[] = [];
  const keyOf = (row: MeetingRow) =>
    JSON.stringify([row.clientEmail ?? `name:${row.clientName}`, row.sellerEmail, row.meetingAt]);
  return {
    meetings,
    chunks,
    async saveChunk(rows) {
      if (new Set(rows.map(keyOf)).size !== rows.length) throw new Error('a chunk holds one meeting twice');
      chunks.push(rows.length);
      return rows.map((row): StoredMeeting => {
        const index = meetings.findIndex((each) => keyOf(each) === keyOf(row));
        if (index === -1) return { kind: 'inserted', meetingId: meetings.push(row) };
        const isSame = meetings[index]?.transcript === row.transcript;
        return { kind: isSame ? 'existing' : 'differs', meetingId: index + 1 };
      });
    },
  };
}

export interface ImportRun {
  readonly report: ImportReport;
  readonly rejectedRows: readonly RejectedRow[];
  readonly insertedIds: readonly number[];
}

export async function importFile(
  path: string,
  store: MeetingStore,
  { file = {}, ...options }: { chunkRows?: number; timeZone?: string; signal?: AbortSignal; file?: CsvOptions } = {},
  deps: Partial<ImportDeps> = {},
): Promise<ImportRun> {
  const rejectedRows: RejectedRow[] = [];
  const insertedIds: number[] = [];
  const report = await importMeetings(
    await openMeetingsCsv(path, { now, ...file }),
    {
      store,
      onInserted: async (ids) => {
        insertedIds.push(...ids);
      },
      onRejected: async (row) => {
        rejectedRows.push(row);
      },
      ...deps,
    },
    { timeZone: 'UTC', now, ...options },
  );
  return { report, rejectedRows, insertedIds };
}
