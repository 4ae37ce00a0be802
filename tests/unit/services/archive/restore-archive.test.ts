import { describe, expect, it } from 'vitest';
import { archiveLines, openArchive } from '../../../../src/services/archive/archive-format.ts';
import { restoreArchive } from '../../../../src/services/archive/restore-archive.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const tables = [{ name: 'public.meetings', columns: ['id'] }];

async function archiveOf(...rows: readonly string[]) {
  async function* archived() {
    for (const json of rows) yield { table: 'public.meetings', json };
  }
  const head = { schema_version: 9, written_at: '2026-01-01T00:00:00.000Z', tables };
  async function* lines() {
    for await (const line of archiveLines(head, archived())) yield line.trimEnd();
  }
  return openArchive(lines(), 'all.vambe');
}

function makeDatabase({ isEmpty = true } = {}) {
  return createFakeDatabase(
    { jobs_count: [{ queued: 2, retrying: 1 }] },
    {
      transaction(text) {
        if (text.includes('information_schema')) return tables;
        return text.startsWith('select 1 from') && !isEmpty ? [{}] : [];
      },
    },
  );
}

const request = { schemaVersion: 9, emptyLabel: null, signal: new AbortController().signal };

describe('An archive', () => {
  it('is restored with the counts of its rows and of the jobs that wait', async () => {
    const archive = await archiveOf('{"id":1}', '{"id":2}');
    const restored = await restoreArchive(makeDatabase(), { ...request, archive });
    expect(restored).toEqual({ rows: { 'public.meetings': 2 }, openJobs: 3 });
  });

  it('is refused where rows are there', async () => {
    const archive = await archiveOf('{"id":1}');
    const refused = restoreArchive(makeDatabase({ isEmpty: false }), { ...request, archive });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE' });
  });
});
