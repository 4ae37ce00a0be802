import { describe, expect, it } from 'vitest';
import { completeTaskIds } from '../../../../src/services/jobs/task-ids.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const databaseOf = (...ids: readonly string[]) =>
  createFakeDatabase({
    jobs_task_ids: ([given]) => ids.filter((id) => (given as string[]).includes(id)).map((task_id) => ({ task_id })),
    jobs_task_id_prefix: ([prefix, limit]) =>
      ids
        .filter((id) => id.startsWith(String(prefix)))
        .slice(0, Number(limit))
        .map((task_id) => ({ task_id })),
  });

describe('Task ids as people give them', () => {
  it('may be the beginning of one id (N5)', async () => {
    const database = databaseOf('f20c4220-aa', 'f20d0000-bb', 'job-1');
    expect(await completeTaskIds(database, ['f20c', 'job-1'])).toEqual(['f20c4220-aa', 'job-1']);
  });

  it('are one job where two beginnings mean the same', async () => {
    expect(await completeTaskIds(databaseOf('f20c4220-aa'), ['f20c', 'f20c4', 'f20c4220-aa'])).toEqual(['f20c4220-aa']);
  });

  it('are whole where another id begins with them', async () => {
    expect(await completeTaskIds(databaseOf('job-1', 'job-10'), ['job-1'])).toEqual(['job-1']);
  });

  it.each(['abcd-none', 'f20', ''])('stay as they are where no job has "%s" or it is too short', async (given) => {
    expect(await completeTaskIds(databaseOf('f20c4220-aa'), [given])).toEqual([given]);
  });

  it('are refused where several ids begin so, with up to five of them (N5)', async () => {
    const two = completeTaskIds(databaseOf('job-1', 'job-2'), ['job-']);
    await expect(two).rejects.toMatchObject({
      code: 'USAGE',
      message: 'Several task ids begin with "job-": job-1, job-2. Give more characters of one.',
    });
    const six = completeTaskIds(databaseOf(...[1, 2, 3, 4, 5, 6].map((n) => `job-${n}`)), ['job-']);
    await expect(six).rejects.toThrow('job-1, job-2, job-3, job-4, job-5 and more.');
  });
});
