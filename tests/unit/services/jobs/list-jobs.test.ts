import { describe, expect, it } from 'vitest';
import { listJobs } from '../../../../src/services/jobs/list-jobs.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const rows = [{ row_id: '9' }, { row_id: '8' }, { row_id: '7' }];

describe('A list of jobs', () => {
  it('without a filter uses the statement that PostgreSQL keeps a plan for', async () => {
    const database = createFakeDatabase({ jobs_list_failed_task: rows });
    const page = await listJobs(database, { state: 'failed', task: 'adds', running: ['r'], limit: 2 });
    expect(page).toEqual({ jobs: rows.slice(0, 2), nextCursor: '8' });
    expect(database.calls('jobs_list_failed_task')).toEqual([[['r'], '9223372036854775807', 'adds', null, 3]]);
  });

  it('with a filter holds the short fields beside its terms', async () => {
    const database = createFakeDatabase({ 'from vambe_worker.jobs j': rows.slice(0, 1) });
    const terms = [{ key: 'queue' as const, isNot: false, values: ['default'] }];
    const page = await listJobs(database, { terms, task: 'adds', meetingId: 3, running: [], limit: 5, cursor: '10' });
    expect(page).toEqual({ jobs: [rows[0]], nextCursor: null });
    expect(database.calls('from vambe_worker.jobs j')).toEqual([[[], ['default'], ['adds'], [3], '10', 6]]);
  });
});
