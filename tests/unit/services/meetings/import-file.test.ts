import { afterAll, describe, expect, it } from 'vitest';
import { openMeetingsCsv } from '../../../../src/services/meetings/csv/csv-file.ts';
import { importFile } from '../../../../src/services/meetings/import-file.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeEnqueuer } from '../../../helpers/fake-enqueuer.ts';
import { header, makeTempFolder, now } from './csv/csv-helpers.ts';

const folder = makeTempFolder();
afterAll(() => folder.remove());

/** Stores each row under the next id from 40 on. */
function makeDatabase({ isKnown = false } = {}) {
  let id = 39;
  return createFakeDatabase(
    {},
    {
      transaction: (text, values) => {
        if (!text.includes('is_new')) return [];
        return (JSON.parse(String(values[0])) as unknown[]).map(() => {
          id += 1;
          return { id, is_new: !isKnown, differs: false };
        });
      },
    },
  );
}

async function requestOf(...rows: readonly string[]) {
  const source = await openMeetingsCsv(folder.write([header, ...rows].join('\n')));
  return { source, fileName: 'two.csv', actor: 'cli:ana', timeZone: 'UTC', now };
}

const rows = ['a,a@x.cl,,2024-02-10,Toro,1,hola', 'b,b@x.cl,,2024-02-11,Toro,1,', 'c,c@x.cl,,2024-02-12,Toro,1,adiós'];

describe('An imported file', () => {
  it('queues what has a transcript, names its ids, and writes one audit row (N2)', async () => {
    const [database, enqueuer] = [makeDatabase(), createFakeEnqueuer()];
    const imported = await importFile({ database, enqueuer }, await requestOf(...rows));
    expect(imported).toMatchObject({ inserted: 3, queued: 2, blank: 1, isQueued: true, ids: { first: 40, last: 42 } });
    expect(enqueuer.requests).toMatchObject([
      { args: [40, false], origin: 'import', priority: 20 },
      { args: [42, false] },
    ]);
    const after = JSON.stringify({ file: 'two.csv', inserted: 3, queued: 2 });
    expect(database.calls('audit_note')).toEqual([['cli:ana', 'import', 'meetings', after, null]]);
  });

  it('is stored without jobs where no enqueuer is given', async () => {
    const imported = await importFile({ database: makeDatabase() }, await requestOf(...rows));
    expect(imported).toMatchObject({ inserted: 3, queued: 0, blank: 1 });
  });

  it('changes nothing the second time, not even the audit', async () => {
    const [database, enqueuer] = [makeDatabase({ isKnown: true }), createFakeEnqueuer()];
    const imported = await importFile({ database, enqueuer }, await requestOf(...rows));
    expect(imported).toMatchObject({ inserted: 0, existing: 3, queued: 0, ids: null });
    expect(database.calls('audit_note')).toEqual([]);
  });

  it('says when Redis did not take the jobs, and how far it is', async () => {
    const deps = { database: makeDatabase(), enqueuer: createFakeEnqueuer('database') };
    const progress: { rows: number; chars: number }[] = [];
    const request = {
      ...(await requestOf(...rows)),
      onProgress: (each: { rows: number; chars: number }) => progress.push(each),
    };
    expect(await importFile(deps, request)).toMatchObject({ isQueued: false });
    expect(progress).toEqual([{ rows: 3, chars: expect.any(Number) }]);
  });
});
