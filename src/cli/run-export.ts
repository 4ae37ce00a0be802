/** The life of `vambe export`: open the target, stream the meetings into it, put it in its place when it is whole. */
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../core/errors.ts';
import { streamMeetings } from '../models/queries/meetings.ts';
import { type ExportFormat, exportMeetings } from '../services/meetings/export-meetings.ts';
import type { Cli } from './cli.ts';
import { withDatabase } from './with-database.ts';

export interface ExportOptions {
  readonly format?: ExportFormat;
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
    await withDatabase(cli, async (database) => {
      const pieces = exportMeetings(streamMeetings(database), format);
      await pipeline(Readable.from(pieces), cli.stdout, { end: false, signal: cli.signal });
    });
    return;
  }
  // Before any server: a place that cannot be written is told at once.
  const target = await openTarget(out);
  let rows = 0;
  try {
    await withDatabase(cli, async (database) => {
      const counted = count(streamMeetings(database), () => {
        rows += 1;
      });
      await pipeline(Readable.from(exportMeetings(counted, format)), target.stream, { signal: cli.signal });
    });
    await target.keep();
  } catch (error) {
    await target.discard();
    throw error;
  }
  if (cli.json) cli.document({ success: true, file: out, format, meetings: rows });
  else cli.note(`${rows} meetings written to ${out} (${format}).`);
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
