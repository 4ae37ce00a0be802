import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { complete } from '../../../../src/core/outcome.ts';
import type { EnqueueRequest } from '../../../../src/core/queue/enqueue.ts';
import { createTaskRegistry, defineTask } from '../../../../src/core/task.ts';
import { enqueueTask, waitForJob } from '../../../../src/services/jobs/enqueue-task.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const registry = createTaskRegistry([
  defineTask({ name: 'adds', aliases: ['old.adds'], parameters: z.object({}), run: () => complete(1) }),
]);

function makeDeps(queued: 'redis' | 'database' = 'redis') {
  const requests: EnqueueRequest[] = [];
  const enqueuer = {
    async enqueue(given: readonly EnqueueRequest[]) {
      requests.push(...given);
      return { accepted: [{ taskId: 'id-1', rowId: '1', isNew: true }], queued };
    },
  };
  return { deps: { registry, enqueuer, clock: { wallMs: () => 0 } }, requests };
}

describe('A call of a task', () => {
  it('is enqueued under the name of the task, also by an alias', async () => {
    const { deps, requests } = makeDeps();
    expect(await enqueueTask(deps, { name: 'old.adds', args: [1], origin: 'cli' })).toEqual({
      taskId: 'id-1',
      task: 'adds',
      isNew: true,
      isQueued: true,
    });
    expect(requests).toEqual([{ task: 'adds', args: [1], origin: 'cli', dueAt: null }]);
  });

  it('may wait for a moment, and says where Redis did not take it', async () => {
    const { deps, requests } = makeDeps('database');
    const job = await enqueueTask(deps, { name: 'adds', countdownSeconds: 1.5, origin: 'cli' });
    expect(job.isQueued).toBe(false);
    expect(requests[0]?.dueAt).toBe('1970-01-01T00:00:01.500Z');
  });

  it('of an unknown name is refused with the nearest one', async () => {
    await expect(enqueueTask(makeDeps().deps, { name: 'ads', origin: 'cli' })).rejects.toMatchObject({
      code: 'TASK_UNKNOWN',
      message: 'There is no task "ads". Did you mean adds? Known: adds.',
    });
  });
});

describe('Waiting for a job', () => {
  const ledger = { resultOf: async () => ({ sum: 3 }) };
  const ending = { error_code: null, error_message: null };

  it('looks again while it is open, and brings the result of a completed one', async () => {
    const states = ['queued', 'completed'];
    const database = createFakeDatabase({ jobs_state: () => [{ state: states.shift(), ...ending }] });
    const ended = await waitForJob({ database, ledger }, 'id-1', new AbortController().signal);
    expect(ended).toEqual({ state: 'completed', ...ending, result: { sum: 3 } });
  });

  it('brings no result of a failed one, and ends when it is aborted', async () => {
    const failed = createFakeDatabase({ jobs_state: [{ state: 'failed', ...ending }] });
    expect(await waitForJob({ database: failed, ledger }, 'id-1', new AbortController().signal)).toMatchObject({
      state: 'failed',
      result: null,
    });
    const open = createFakeDatabase({ jobs_state: [{ state: 'retrying', ...ending }] });
    await expect(waitForJob({ database: open, ledger }, 'id-1', AbortSignal.abort())).rejects.toThrow();
  });
});
