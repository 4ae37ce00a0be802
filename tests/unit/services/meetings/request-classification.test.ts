import { describe, expect, it } from 'vitest';
import { requestClassification } from '../../../../src/services/meetings/request-classification.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeEnqueuer } from '../../../helpers/fake-enqueuer.ts';

const makeDatabase = () =>
  createFakeDatabase({ meeting_known: ([ids]) => (ids as number[]).filter((id) => id < 1_000).map((id) => ({ id })) });
const order = { isForced: false, actor: 'cli:ana', origin: 'cli' };

describe('A request for classification', () => {
  it('makes one job for each known meeting, lists unknown ids, and writes one audit row', async () => {
    const [database, enqueuer] = [makeDatabase(), createFakeEnqueuer()];
    const requested = await requestClassification({ database, enqueuer }, { ...order, choice: [7, 8, 2_000] });
    expect(requested).toEqual({
      jobs: [
        { meetingId: 7, taskId: 'task-1', rowId: '1', isNew: true },
        { meetingId: 8, taskId: 'task-2', rowId: '2', isNew: true },
      ],
      unknown: [2_000],
      isQueued: true,
    });
    const after = JSON.stringify({ choice: 'ids', is_forced: false, accepted: 2 });
    expect(database.calls('audit_note')).toEqual([['cli:ana', 'classify', 'meetings', after, null]]);
  });

  it('goes before bulk work when it names few ids, and not when it names many', async () => {
    const enqueuer = createFakeEnqueuer();
    const many = Array.from({ length: 101 }, (_, index) => index + 1);
    await requestClassification({ database: makeDatabase(), enqueuer }, { ...order, choice: [1] });
    await requestClassification({ database: makeDatabase(), enqueuer }, { ...order, choice: many });
    expect(enqueuer.requests[0]?.priority).toBe(1);
    expect(enqueuer.requests[1]?.priority).toBe(20);
  });

  it('answers with the open job of a meeting that has one, unless it is forced (R10)', async () => {
    const database = createFakeDatabase({
      meeting_known: ([ids]) => (ids as number[]).map((id) => ({ id })),
      classification_jobs_open: [{ meeting_id: 8, task_id: 'earlier', row_id: '70' }],
    });
    const enqueuer = createFakeEnqueuer();
    const { jobs } = await requestClassification({ database, enqueuer }, { ...order, choice: [7, 8, 9] });
    expect(jobs).toEqual([
      { meetingId: 7, taskId: 'task-1', rowId: '1', isNew: true },
      { meetingId: 8, taskId: 'earlier', rowId: '70', isNew: false },
      { meetingId: 9, taskId: 'task-2', rowId: '2', isNew: true },
    ]);
    const forced = await requestClassification({ database, enqueuer }, { ...order, isForced: true, choice: [8] });
    expect(forced.jobs).toMatchObject([{ meetingId: 8, isNew: true }]);
  });

  it('says when Redis did not take the jobs', async () => {
    const deps = { database: makeDatabase(), enqueuer: createFakeEnqueuer('database') };
    expect(await requestClassification(deps, { ...order, choice: [1] })).toMatchObject({ isQueued: false });
  });

  it('writes no audit row when nothing was accepted', async () => {
    const [database, enqueuer] = [makeDatabase(), createFakeEnqueuer()];
    await requestClassification({ database, enqueuer }, { ...order, choice: [2_000] });
    expect(database.calls('audit_note')).toEqual([]);
  });

  it('stops before the next block when it is aborted', async () => {
    const [database, enqueuer] = [makeDatabase(), createFakeEnqueuer()];
    const signal = AbortSignal.abort();
    const requested = await requestClassification({ database, enqueuer }, { ...order, choice: [1], signal });
    expect(requested.jobs).toEqual([]);
  });
});
