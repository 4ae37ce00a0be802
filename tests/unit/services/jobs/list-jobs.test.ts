import { beforeEach, describe, expect, it, vi } from 'vitest';
import { listJobs } from '../../../../src/services/jobs/list-jobs.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const rows = ['9', '8', '7'].map((row_id) => ({ row_id, state: 'failed' }));

const listRunning = vi.fn(async () => ['r']);
beforeEach(() => listRunning.mockClear());

describe('A list of jobs', () => {
  it('without a filter uses the statement that PostgreSQL keeps a plan for', async () => {
    const database = createFakeDatabase({ jobs_list_failed_task: rows });
    const page = await listJobs(database, { state: 'failed', task: 'adds', listRunning, limit: 2 });
    expect(page).toEqual({ jobs: rows.slice(0, 2), nextCursor: '8' });
    expect(database.calls('jobs_list_failed_task')).toEqual([[[], '9223372036854775807', 'adds', null, 3]]);
  });

  it('with a filter holds the short fields beside its terms', async () => {
    const database = createFakeDatabase({ 'from vambe_worker.jobs j': rows.slice(0, 1) });
    const terms = [{ key: 'queue' as const, isNot: false, values: ['default'] }];
    const page = await listJobs(database, { terms, task: 'adds', meetingId: 3, listRunning, limit: 5, cursor: '10' });
    expect(page).toEqual({ jobs: [rows[0]], nextCursor: null });
    expect(database.calls('from vambe_worker.jobs j')).toEqual([[[], ['default'], ['adds'], [3], '10', 6]]);
  });

  it('does not ask what runs where no listed job is open', async () => {
    await listJobs(createFakeDatabase({ jobs_list_any: rows }), { listRunning, limit: 2 });
    expect(listRunning).not.toHaveBeenCalled();
  });

  it('with an open job is read again with what runs now', async () => {
    const database = createFakeDatabase({ jobs_list_any: [{ row_id: '1', state: 'queued' }] });
    await listJobs(database, { listRunning, limit: 2 });
    expect(database.calls('jobs_list_any').map(([running]) => running)).toEqual([[], ['r']]);
  });

  it('by an open state, in words or as a term, asks first', async () => {
    const database = createFakeDatabase({ jobs_list_processing: [], 'from vambe_worker.jobs j': [] });
    await listJobs(database, { state: 'processing', listRunning, limit: 2 });
    const terms = [{ key: 'state' as const, isNot: false, values: ['queued' as const] }];
    await listJobs(database, { terms, listRunning, limit: 2 });
    expect(database.calls('jobs_list_processing')).toHaveLength(1);
    expect(database.calls('from vambe_worker.jobs j')).toHaveLength(1);
    expect(listRunning).toHaveBeenCalledTimes(2);
  });
});
