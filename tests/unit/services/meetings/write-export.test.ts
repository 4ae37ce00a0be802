import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { writeExport } from '../../../../src/services/meetings/write-export.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

function makeTarget() {
  const pieces: Buffer[] = [];
  const to = new Writable({
    write(piece, _encoding, done) {
      pieces.push(Buffer.from(piece));
      done();
    },
  });
  return { to, bytes: () => Buffer.concat(pieces) };
}

const request = { schemaVersion: 9, now: new Date('2026-01-01T00:00:00Z'), signal: new AbortController().signal };

describe('An export', () => {
  it('writes each meeting once and leaves an open target open', async () => {
    const { to, bytes } = makeTarget();
    const database = createFakeDatabase({
      meeting_export: ([afterId]) =>
        [3, 5]
          .filter((id) => id > Number(afterId))
          .slice(0, 1)
          .map((meeting_id) => ({ meeting_id })),
    });
    expect(await writeExport(database, { ...request, format: 'jsonl', to, end: false })).toBe(2);
    const lines = bytes().toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).meeting_id)).toEqual([3, 5]);
    expect(to.writableEnded).toBe(false);
  });

  it('writes an archive with its head and its counts', async () => {
    const { to, bytes } = makeTarget();
    const database = createFakeDatabase(
      {},
      {
        transaction(text) {
          if (text.includes('information_schema')) return [{ name: 'public.meetings', columns: ['id'] }];
          return text.startsWith('fetch') ? [{ json: '{"id":1}' }] : [];
        },
      },
    );
    expect(await writeExport(database, { ...request, format: 'archive', to, end: true })).toBe(1);
    const [head = '', row, end] = gunzipSync(bytes()).toString().trimEnd().split('\n');
    expect(JSON.parse(head)).toMatchObject({ schema_version: 9, written_at: '2026-01-01T00:00:00.000Z' });
    expect([row, end]).toEqual(['["public.meetings",{"id":1}]', '{"end":{"public.meetings":1}}']);
    expect(to.writableEnded).toBe(true);
  });
});
