import { describe, expect, it } from 'vitest';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { closeTerminatedJobs, revokeWaitingJobs } from '../../../../src/services/jobs/revoke-jobs.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

function makeDeps() {
  const states: Record<string, string> = { j1: 'queued', j2: 'completed', j3: 'retrying' };
  const database = createFakeDatabase({
    jobs_retry_candidates: ([ids]) =>
      (ids as string[]).map((task_id) => ({
        row_id: task_id.slice(1),
        task_id,
        queue: 'default',
        state: states[task_id],
        delivery: 0,
      })),
    jobs_cancel: ([ids]) => (ids as string[]).map((task_id) => ({ task_id, parameters: {}, meeting_id: null })),
  });
  const told: string[] = [];
  // Job 3 is in a worker's hands.
  const queue = {
    getJobState: async (id: string) => (id.startsWith('j3') ? 'active' : 'prioritized'),
    remove: async () => 1,
  };
  const queues = { names: ['default'], get: () => queue } as unknown as Queues;
  const lifecycle = { tell: async (transition: { kind: string }) => void told.push(transition.kind) };
  return { deps: { database, queues, lifecycle }, database, told };
}

describe('Jobs revoked by remote control', () => {
  it('are ended where they wait; those that run or have ended are left out', async () => {
    const { deps, database, told } = makeDeps();
    expect(await revokeWaitingJobs(deps, ['j1', 'j2', 'j3'])).toEqual(['j1']);
    expect(database.calls('jobs_cancel')).toEqual([[['j1'], 'celery', 'revoked by remote control']]);
    expect(told).toEqual(['cancelled']);
  });

  it('have their rows closed before a running one is stopped', async () => {
    const { deps, database } = makeDeps();
    await closeTerminatedJobs(deps, ['j3']);
    expect(database.calls('jobs_cancel')).toEqual([[['j3'], 'celery', 'terminated by remote control']]);
  });
});
