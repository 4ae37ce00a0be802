import { expect, it } from 'vitest';
import { countQueue, countWaiting, listQueuedJobs } from '../../../../src/core/queue/queue-counts.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';

const queuesOf = (queue: unknown) => ({ names: ['q'], get: () => queue }) as unknown as Queues;

it('runs that schedules plan are not counted as delayed jobs', async () => {
  const queues = queuesOf({
    getJobCounts: async () => ({ wait: 1, prioritized: 2, delayed: 5, active: 3 }),
    getJobSchedulersCount: async () => 2,
    isPaused: async () => true,
  });
  expect(await countQueue(queues, 'q')).toEqual({ name: 'q', waiting: 3, delayed: 3, active: 3, is_paused: true });
});

it('bulk work is not counted among the jobs that wait', async () => {
  const asked: number[][] = [];
  const queues = queuesOf({
    async getCountsPerPriority(priorities: number[]) {
      asked.push(priorities);
      return { 1: 4, 4: 0, 7: 1, 10: 0 };
    },
  });
  expect(await countWaiting(queues, 'q')).toBe(5);
  expect(asked[0]).not.toContain(20);
});

it('jobs are listed with their moment and worker; what went away meanwhile and runs without a row are left out', async () => {
  const queues = queuesOf({
    getJobs: async () => [
      { data: { id: '1' }, timestamp: 100, delay: 50, processedBy: 'w' },
      undefined,
      { data: { schedule: 's' }, timestamp: 1 },
      { data: { id: '2' }, timestamp: 7 },
    ],
  });
  expect(await listQueuedJobs(queues, { name: 'q', state: 'delayed', limit: 10 })).toEqual([
    { rowId: '1', dueMs: 150, worker: 'w' },
    { rowId: '2', dueMs: 7, worker: undefined },
  ]);
});
