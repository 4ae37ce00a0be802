import { describe, expect, it } from 'vitest';
import { showJob } from '../../../../src/services/jobs/show-job.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

describe('One job', () => {
  it('is found by the beginning of its id, with the result of its row', async () => {
    const database = createFakeDatabase({
      jobs_task_id_prefix: [{ task_id: 'f20c4220' }],
      jobs_find: ([, id]) => [{ task_id: id, state: 'failed', result: undefined }],
    });
    expect(await showJob(database, { taskId: 'f20c', running: [] })).toEqual({
      task_id: 'f20c4220',
      state: 'failed',
      result: null,
    });
  });

  it('that does not exist is NOT_FOUND under the id that was given', async () => {
    await expect(showJob(createFakeDatabase(), { taskId: 'none', running: [] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no job with the task id "none". "vambe jobs" lists them.',
    });
  });
});
