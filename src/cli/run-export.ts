/** The life of `vambe export`: open the target, stream the meetings into it, put it in its place when it is whole. */
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Database } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import { readArchive } from '../models/queries/archive.ts';
import { streamMeetings } from '../models/queries/meetings.ts';
import { archiveLines } from '../services/archive/archive-format.ts';
import { type ExportFormat, exportMeetings } from '../services/meetings/export-meetings.ts';
import type { Cli } from './kit/cli.ts';
import { counted } from './kit/counted.ts';
import { withDatabase } from './kit/with-database.ts';

export interface ExportOptions {
  readonly format?: ExportFormat | 'archive';
  readonly out?: string;
}

export async function runExport(cli: Cli, options: ExportOptions): Promise<void> {
  const { out } = options;
  const format = options.format ?? (cli.json && out === undefined ? 'json' : 'csv');
  if (cli.json && out === undefined && format !== 'json') {
    throw new AppError(
      'USAGE',
      `--json promises one JSON document on stdout, --format ${format} is none. Leave one of them out, or add --out FILE.`,
    );
  }
  if (out === undefined) {
    if (format === 'archive' && cli.isTerminal) {
      throw new AppError(
        'USAGE',
        'An archive is no text for a terminal. Add --out FILE.vambe, or send it into a pipe.',
      );
    }
    await withDatabase(cli, (database, { schema }) =>
      write(database, { format, schemaVersion: schema.version, to: cli.stdout, end: false, signal: cli.signal }),
    );
    return;
  }
  // Before any server: a place that cannot be written is told at once.
  const target = await openTarget(out);
  let rows = 0;
  const onMeeting = () => {
    rows += 1;
  };
  try {
    await withDatabase(cli, (database, { schema }) =>
      write(database, {
        format,
        schemaVersion: schema.version,
        to: target.stream,
        end: true,
        signal: cli.signal,
        onMeeting,
      }),
    );
    await target.keep();
  } catch (error) {
    await target.discard();
    throw error;
  }
  if (cli.json) cli.document({ success: true, file: out, format, meetings: rows });
  else cli.note(`${counted(rows, 'meeting')} written to ${out} (${format}).`);
}

interface Writing {
  readonly format: ExportFormat | 'archive';
  readonly schemaVersion: number;
  readonly to: Writable;
  /** Whether the target ends with the export; stdout does not. */
  readonly end: boolean;
  readonly signal: AbortSignal;
  readonly onMeeting?: () => void;
}

async function write(
  database: Database,
  { format, schemaVersion, to, end, signal, onMeeting }: Writing,
): Promise<void> {
  if (format !== 'archive') {
    const meetings = count(streamMeetings(database), onMeeting ?? (() => undefined));
    return pipeline(Readable.from(exportMeetings(meetings, format)), to, { end, signal });
  }
  await readArchive(database, async ({ tables, rows }) => {
    const head = { schema_version: schemaVersion, written_at: new Date().toISOString(), tables };
    const lines = archiveLines(head, rows(), (table) => {
      if (table === 'public.meetings') onMeeting?.();
    });
    await pipeline(Readable.from(lines), createGzip(), to, { end, signal });
  });
}

async function* count<T>(items: AsyncIterable<T>, onItem: () => void): AsyncGenerator<T> {
  for await (const item of items) {
    onItem();
    yield item;
  }
}

interface Target {
  readonly stream: Writable;
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * A file is written beside its place and moved there when it is whole, so that a former export survives a failure; transcripts are
 * personal data, so only this user may read it. Pipes and devices are written as they come.
 */
async function openTarget(out: string): Promise<Target> {
  const existing = await stat(out).catch(() => undefined);
  if (existing?.isDirectory())
    throw new AppError('USAGE', `--out "${out}" is a folder. Give the name of a file in it.`);
  const isFile = existing === undefined || existing.isFile();
  const path = isFile ? `${out}.${process.pid}.part` : out;
  const handle = await open(path, 'w', 0o600).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AppError('USAGE', `--out "${out}" cannot be written${code}. Give another path.`, { cause });
  });
  const stream = createWriteStream(path, { fd: handle, flush: isFile });
  return {
    stream,
    keep: async () => {
      if (isFile) await rename(path, out);
    },
    discard: async () => {
      // What failed before the first row has not touched the stream.
      await new Promise<void>((resolve) => {
        if (stream.closed) resolve();
        else stream.once('close', resolve).destroy();
      });
      if (isFile) await rm(path, { force: true });
    },
  };
}
