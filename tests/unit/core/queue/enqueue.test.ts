import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../../src/core/errors.ts';
import type { JobRequest, OpenJob } from '../../../../src/core/job-ledger.ts';
import { complete } from '../../../../src/core/outcome.ts';
import { createEnqueuer, priorities, toOpenJob } from '../../../../src/core/queue/enqueue.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { createTaskRegistry, defineTask } from '../../../../src/core/task.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

function make({
  add = async () => undefined,
  accept,
}: {
  add?: () => Promise<void>;
  accept?: () => Promise<never>;
} = {}) {
  const accepted: JobRequest[] = [];
  const added: OpenJob[] = [];
  const log = createMemoryLog();
  const enqueuer = createEnqueuer({
    registry: createTaskRegistry([
      defineTask({ name: 'work', parameters: z.object({ n: z.number() }), run: async () => complete(1) }),
    ]),
    ledger: {
      async accept(requests: readonly JobRequest[]) {
        if (accept) return accept();
        accepted.push(...requests);
        return requests.map(({ taskId }, index) => ({
          taskId,
          rowId: String(index),
          delivery: 0,
          isNew: taskId !== 'old',
        }));
      },
    } as unknown as Parameters<typeof createEnqueuer>[0]['ledger'],
    queues: {
      async add(rows: readonly OpenJob[]) {
        await add();
        added.push(...rows);
      },
    } as unknown as Queues,
    log,
  });
  return { enqueuer, accepted, added, log };
}

describe('requests', () => {
  it('are rows first, then in the queue; an id that is known already is not queued again', async () => {
    const { enqueuer, accepted, added } = make();
    const report = await enqueuer.enqueue([
      { task: 'work', args: [1], origin: 'tests', taskId: 'new' },
      { task: 'work', kwargs: { n: 2 }, origin: 'tests', taskId: 'old', priority: priorities.bulk },
    ]);
    expect(accepted).toMatchObject([
      { taskId: 'new', parameters: { n: 1 }, priority: priorities.normal },
      { taskId: 'old', parameters: { n: 2 }, priority: priorities.bulk },
    ]);
    expect(added.map(({ rowId, task }) => [rowId, task])).toEqual([['0', 'work']]);
    expect(report).toMatchObject({ queued: 'redis', accepted: [{ isNew: true }, { isNew: false }] });
  });

  it('are accepted while Redis is away', async () => {
    const { enqueuer, log } = make({ add: () => Promise.reject(new Error('away')) });
    const requests = Array.from({ length: 2_500 }, () => ({ task: 'work', args: [1], origin: 'tests' }));
    expect(await enqueuer.enqueue(requests)).toMatchObject({ queued: 'database' });
    expect(log.named('queue.add_waits')).toMatchObject([{ fields: { jobs: 2_500, error: 'away' } }]);
  });

  it('with a task or arguments that are wrong are refused before any is accepted', async () => {
    const { enqueuer, accepted } = make();
    const good = { task: 'work', args: [1], origin: 'tests' };
    await expect(enqueuer.enqueue([good, { task: 'none', origin: 'tests' }])).rejects.toThrow(AppError);
    await expect(enqueuer.enqueue([good, { task: 'work', origin: 'tests' }])).rejects.toThrow(AppError);
    expect(accepted).toEqual([]);
  });

  it('that PostgreSQL cannot store are named', async () => {
    const refusal = Object.assign(new Error('invalid byte sequence'), { code: '22021' });
    const { enqueuer } = make({ accept: () => Promise.reject(refusal) });
    await expect(enqueuer.enqueue([{ task: 'work', args: [1], origin: 'tests' }])).rejects.toMatchObject({
      code: 'TASK_ARGUMENTS',
    });
  });
});

it('an open job carries what its request says', () => {
  const request = { task: 'work', queue: 'q', priority: 7, dueAt: null } as JobRequest;
  expect(toOpenJob({ rowId: '3', delivery: 2 }, request)).toEqual({
    rowId: '3',
    delivery: 2,
    task: 'work',
    queue: 'q',
    priority: 7,
    failedAttempts: 0,
    dueAt: null,
  });
});
