import { describe, expect, it } from 'vitest';
import { showJob } from '../../../../src/services/jobs/show-job.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const noneRuns = async () => [];

describe('One job', () => {
  it('is found by the beginning of its id, with the result of its row', async () => {
    const database = createFakeDatabase({
      jobs_task_id_prefix: [{ task_id: 'f20c4220' }],
      jobs_find: ([, id]) => [{ task_id: id, state: 'failed', result: undefined }],
    });
    expect(await showJob(database, { taskId: 'f20c', listRunning: noneRuns })).toEqual({
      task_id: 'f20c4220',
      state: 'failed',
      result: null,
    });
  });

  it('that may be running is read again with the jobs that run now', async () => {
    const database = createFakeDatabase({
      jobs_find: ([running]) => [
        { task_id: 'a', state: (running as string[]).includes('a') ? 'processing' : 'queued' },
      ],
    });
    const shown = await showJob(database, { taskId: 'a', listRunning: async () => ['a'] });
    expect(shown.state).toBe('processing');
  });

  it('that does not exist is NOT_FOUND under the id that was given', async () => {
    await expect(showJob(createFakeDatabase(), { taskId: 'none', listRunning: noneRuns })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no job with the task id "none". "vambe jobs" lists them.',
    });
  });
});
