import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { openMeetingsCsv } from '../../../../src/services/meetings/csv/csv-file.ts';
import { openRejectsFile } from '../../../../src/services/meetings/csv/rejects-file.ts';
import { header, importFile, makeStore, makeTempFolder } from './csv/csv-helpers.ts';

const folder = makeTempFolder();
afterAll(() => folder.remove());

const row = (name: string, { date = '2024-03-01', seller = 'Toro', transcript = 'hola' } = {}) =>
  `${name},${name}@example.com,,${date},${seller},1,${transcript}`;
const isFull = process.env.TEST_FULL === '1';
const fuzzTimeoutMs = isFull ? 900_000 : 120_000;
const largeMebibytes = isFull ? 64 : 24;
/** What is left after a collection is held; node hands it out by a flag alone. */
const makeCollector = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
};
const fileOf = (...lines: string[]) => folder.write([header, ...lines].join('\n'));

describe('importMeetings', () => {
  it('saves in chunks and hands over the ids of each', async () => {
    const store = makeStore();
    const path = fileOf(...Array.from({ length: 7 }, (_, index) => row(`c${index}`)));
    const progress: number[] = [];
    const { report, insertedIds } = await importFile(
      path,
      store,
      { chunkRows: 3 },
      { onProgress: (rows) => progress.push(rows) },
    );
    expect(store.chunks).toEqual([3, 3, 1]);
    expect(progress).toEqual([3, 6, 7]);
    expect(insertedIds).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(report).toMatchObject({ read: 7, inserted: 7, existing: 0, isInterrupted: false });
  });

  it('counts a row that the file repeats as existing, in one chunk or in two', async () => {
    const path = fileOf(row('ana'), row('ana'), row('luis'), row('ana'));
    for (const chunkRows of [1, 500]) {
      const { report, insertedIds } = await importFile(path, makeStore(), { chunkRows });
      expect(report).toMatchObject({ inserted: 2, existing: 2, differing: [] });
      expect(insertedIds).toEqual([1, 2]);
    }
  });

  it('lists by line the same meeting with another transcript, and keeps the first', async () => {
    const store = makeStore();
    const path = fileOf(
      row('ana'),
      row('ana', { transcript: 'otra cosa' }),
      row('ana', { seller: 'Puma' }),
      row('ana', { date: '2024-03-02' }),
    );
    const { report } = await importFile(path, store);
    expect(report).toMatchObject({ inserted: 3, differing: [{ line: 3, meetingId: 1 }] });
    expect(store.meetings[0]?.transcript).toBe('hola');
  });

  it('gives every row the same outcome whatever the size of the chunks', async () => {
    const rows = fc.array(
      fc.record({
        name: fc.constantFrom('ana', 'luis'),
        seller: fc.constantFrom('Jose', 'José', 'Puma'),
        transcript: fc.constantFrom('uno', 'dos', ''),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(rows, rows, async (stored, given) => {
        const before = fileOf(...stored.map(({ name, ...rest }) => row(name, rest)));
        const path = fileOf(...given.map(({ name, ...rest }) => row(name, rest)));
        const reports = [];
        for (const chunkRows of [1, 3, 500]) {
          const store = makeStore();
          await importFile(before, store, { chunkRows: 1 });
          const { report } = await importFile(path, store, { chunkRows });
          reports.push({ ...report, meetings: store.meetings.map(({ transcript }) => transcript).sort() });
        }
        expect(reports[1]).toEqual(reports[0]);
        expect(reports[2]).toEqual(reports[0]);
      }),
      { numRuns: 60 },
    );
  });

  it('reads dates without a zone in IMPORT_TIMEZONE (E13)', async () => {
    const store = makeStore();
    await importFile(fileOf(row('ana')), store, { timeZone: 'America/Santiago' });
    expect(store.meetings[0]?.meetingAt).toEqual(new Date('2024-03-01T03:00:00Z'));
  });

  it('stops after the chunk being saved when it is interrupted', async () => {
    const controller = new AbortController();
    const path = fileOf(...Array.from({ length: 9 }, (_, index) => row(`c${index}`)));
    const options = { chunkRows: 2, signal: controller.signal };
    const { report } = await importFile(path, makeStore(), options, { onInserted: async () => controller.abort() });
    expect(report).toMatchObject({ read: 2, inserted: 2, isInterrupted: true });
  });

  it('lets a failing store end the import, and what was committed stays handed over', async () => {
    const store = makeStore();
    const handedOver: number[] = [];
    const failing = {
      async saveChunk(rows: Parameters<typeof store.saveChunk>[0]) {
        if (store.meetings.length > 0) throw new AppError('DATABASE_UNREACHABLE', 'gone');
        return store.saveChunk(rows);
      },
    };
    const onInserted = async (ids: readonly number[]) => {
      handedOver.push(...ids);
    };
    const run = importFile(fileOf(row('ana'), row('luis')), failing, { chunkRows: 1 }, { onInserted });
    await expect(run).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(handedOver).toEqual([1]);
  });

  it(
    'never fails on any bytes but with INPUT_FILE_INVALID (E3, E10)',
    async () => {
      const pieces = fc.constantFrom(
        `${header}\n`,
        'Ana,,,2024-03-01,Toro,1,x\n',
        '"',
        ',',
        ';',
        '\n',
        '\r',
        '\0',
        'ñ',
        '\xEF\xBB\xBF',
        '\xFF\xFE',
        '\xFE\xFF',
      );
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }).map((noise) => Buffer.concat([Buffer.from(`${header}\n`), noise])),
        fc.array(pieces, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
      );
      await fc.assert(
        fc.asyncProperty(bytes, async (content) => {
          const path = folder.write(content, 'fuzz.csv');
          try {
            const { report } = await importFile(path, makeStore());
            expect(report.read).toBe(
              report.inserted + report.existing + report.differing.length + report.rejected.length,
            );
          } catch (error) {
            expect(error).toMatchObject({ name: 'AppError', code: 'INPUT_FILE_INVALID' });
          }
        }),
        { numRuns: isFull ? 10_000 : 1_000 },
      );
    },
    fuzzTimeoutMs,
  );

  it(`imports a file of ${largeMebibytes} MiB without holding more of it than some chunks (E10)`, async () => {
    const transcript = 'Somos una panadería y nos recomendó un colega. '.repeat(70);
    const path = folder.write('', 'large.csv');
    const file = openSync(path, 'w');
    let [bytes, rows] = [writeSync(file, header), 0];
    for (; bytes < largeMebibytes * 2 ** 20; rows += 1)
      bytes += writeSync(file, `\n${row(`c${rows}`, { transcript })}`);
    closeSync(file);
    const collectGarbage = makeCollector();
    const heldBytes = () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const beforeBytes = heldBytes();
    let [inserted, chunks, mostBytes] = [0, 0, 0];
    const { report } = await importFile(path, {
      async saveChunk(chunk) {
        chunks += 1;
        if (chunks % 8 === 0) mostBytes = Math.max(mostBytes, heldBytes());
        return chunk.map(() => ({ kind: 'inserted', meetingId: ++inserted }));
      },
    });
    expect(report).toMatchObject({ read: rows, inserted: rows, rejected: [], existing: 0 });
    expect(chunks).toBeGreaterThan(8);
    expect(mostBytes - beforeBytes).toBeLessThan(12 * 2 ** 20);
  }, 120_000);
});

describe('openRejectsFile', () => {
  it('writes rejected rows so that they can be mended and imported', async () => {
    const path = fileOf(
      row('ana'),
      'Luis,,+56 9 0000 0002,2024-02-30,Puma,0,"=1+1, ""sí"""',
      'Eva,,,2024-03-01,Zorro,1,"sin cerrar',
    );
    const rejectsPath = folder.path('rejects.csv');
    const rejects = await openRejectsFile(rejectsPath, [path]);
    await importFile(path, makeStore(), {}, { onRejected: (rejected) => rejects.write(rejected) });
    await rejects.close();

    const lines = readFileSync(rejectsPath, 'utf8').split('\n');
    expect(lines[0]).toBe(`${header},line,reason`);
    expect(lines[1]).toMatch(/^Luis,,'\+56 9 0000 0002,2024-02-30,Puma,0,"'=1\+1, ""sí""",3,"?"+Fecha de la Reunion/);
    expect(lines[2]).toMatch(/^,,,,,,,4,The row opens a quoted cell/);

    folder.write(readFileSync(rejectsPath, 'utf8').replace('2024-02-30', '2024-02-29'), 'rejects.csv');
    const store = makeStore();
    const { report } = await importFile(rejectsPath, store);
    expect(store.meetings).toMatchObject([{ clientName: 'Luis', clientPhone: '+56 9 0000 0002' }]);
    expect(report.fileNotes).toEqual(['Columns that are ignored: "line", "reason".']);
  });

  it('refuses to overwrite the file being imported, and a path it cannot write', async () => {
    const path = fileOf(row('ana'));
    await expect(openRejectsFile(path, [path])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openRejectsFile(folder.path('no/such/folder.csv'), [path])).rejects.toThrow(
      /cannot be written \(ENOENT\)/,
    );
    expect((await openMeetingsCsv(path)).encoding).toBe('UTF-8');
  });
});

describe('sample meetings', () => {
  const samples = new URL('../../../../samples/meetings.csv', import.meta.url).pathname;

  it('are imported whole, without a warning', async () => {
    const store = makeStore();
    const { report } = await importFile(samples, store, {}, {});
    expect(report).toMatchObject({ rejected: [], differing: [], existing: 0, fileNotes: [] });
    expect(report.inserted).toBeGreaterThanOrEqual(64);
    expect(new Set(store.meetings.map(({ sellerEmail }) => sellerEmail)).size).toBe(5);
  });

  it('name nobody who could be reached', async () => {
    const store = makeStore();
    await importFile(samples, store);
    for (const { clientEmail, clientPhone } of store.meetings) {
      expect(clientEmail ?? 'x@example.com').toMatch(/[@.]example\.com$/);
      expect(clientPhone ?? '+56 9 0000 0000').toMatch(/^\+56 9 0000 00\d\d$/);
    }
  });
});
