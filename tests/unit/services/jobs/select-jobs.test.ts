import { describe, expect, it } from 'vitest';
import { countSelected, forEachSelectedPage } from '../../../../src/services/jobs/select-jobs.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const selection = { terms: [], running: [], eligible: 'open' as const };
const found = { count: 1_500, firstTaskIds: [], lastRowId: '1500' };
const jobs = Array.from({ length: 1_500 }, (_, n) => ({ row_id: String(n + 1), task_id: `j${n + 1}` }));

const makeDatabase = () =>
  createFakeDatabase({
    'order by j.id limit': ([, afterRowId, , limit]) =>
      jobs.filter(({ row_id }) => Number(row_id) > Number(afterRowId)).slice(0, Number(limit)),
    'with chosen': [{ count: 3, last_row_id: '9', first_task_ids: ['a'] }],
  });

describe('Jobs that a filter selects', () => {
  it('are counted first', async () => {
    expect(await countSelected(makeDatabase(), selection)).toEqual({ count: 3, lastRowId: '9', firstTaskIds: ['a'] });
  });

  it('are acted on 1,000 at a time, with the progress after each page', async () => {
    const pages: number[] = [];
    const progress: number[] = [];
    const { signal } = new AbortController();
    const counts = await forEachSelectedPage(
      makeDatabase(),
      { selection, found, signal, onProgress: (done) => progress.push(done) },
      async (page) => {
        pages.push(page.length);
        return page.map(({ row_id }) => ({ answer: Number(row_id) % 2 === 0 ? 'even' : 'odd' }));
      },
    );
    expect({ pages, progress, counts }).toEqual({
      pages: [1_000, 500],
      progress: [1_000, 1_500],
      counts: { even: 750, odd: 750 },
    });
  });

  it('are left alone after an abort between two pages', async () => {
    const controller = new AbortController();
    const counts = await forEachSelectedPage(
      makeDatabase(),
      { selection, found, signal: controller.signal },
      async (page) => {
        controller.abort();
        return page.map(() => ({ answer: 'done' }));
      },
    );
    expect(counts).toEqual({ done: 1_000 });
  });
});
