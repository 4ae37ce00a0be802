import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import type { Queues } from '../../../../src/core/queue/queues.ts';
import { cancelJobs, cancelSelected } from '../../../../src/services/jobs/cancel-jobs.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

/** j1 waits, j2 runs and its worker stops it, j3 runs and its worker is silent, j4 has ended. */
function makeDeps() {
  const open = ['j1', 'j2', 'j3'];
  const database = createFakeDatabase({
    jobs_cancel: ([ids]) =>
      (ids as string[])
        .filter((id) => open.includes(id))
        .map((task_id) => ({
          row_id: task_id.slice(1),
          task_id,
          queue: 'default',
          delivery: 0,
          parameters: {},
          meeting_id: null,
        })),
    jobs_retry_candidates: ([ids]) => (ids as string[]).filter((id) => id === 'j4').map((task_id) => ({ task_id })),
    'order by j.id limit': (values) => (values.includes('0') ? [{ task_id: 'j1', row_id: '1' }] : []),
  });
  const requested = new Set<string>();
  const redis = {
    multi: () => ({
      sadd: (_key: string, ...ids: string[]) => {
        for (const id of ids) requested.add(id);
        return { expire: () => ({ exec: async () => [] }) };
      },
    }),
    smembers: async () => {
      requested.delete('2');
      return [...requested];
    },
    srem: async () => 1,
    zremrangebyscore: async () => 0,
    zrangebyscore: async () => [],
  } as unknown as Redis;
  const queue = {
    getJobState: async (id: string) => (/^j[23]-/.test(id) ? 'active' : 'prioritized'),
    remove: async () => 1,
  };
  const queues = { names: ['default'], get: () => queue } as unknown as Queues;
  let nowMs = 0;
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => (nowMs += 2_000) };
  const told: string[] = [];
  const lifecycle = {
    tell: async ({ job }: { job: { taskId: string } }) => void told.push(job.taskId),
  } as unknown as Parameters<typeof cancelJobs>[0]['lifecycle'];
  return { deps: { database, redis, queues, clock, lifecycle }, database, told };
}

const change = { actor: 'cli:ana', reason: 'a test' };

describe('Cancelling jobs', () => {
  it('gives one answer for each id, in order, and tells clients of those that it ended', async () => {
    const { deps, database, told } = makeDeps();
    const answers = await cancelJobs(deps, { taskIds: ['j4', 'j1', 'none', 'j2', 'j3'], ...change });
    expect(answers.map(({ task_id, answer }) => `${task_id} ${answer}`)).toEqual([
      'j4 already-finished',
      'j1 not-running',
      'none unknown',
      'j2 stopped',
      'j3 worker-silent',
    ]);
    expect(told.sort()).toEqual(['j1', 'j2', 'j3']);
    expect(database.calls('jobs_cancel')[0]?.slice(1)).toEqual(['cli:ana', 'a test']);
  });

  it('counts the answers of a selection', async () => {
    const { deps } = makeDeps();
    const selection = { terms: [], running: [], eligible: 'open' as const };
    const found = { count: 1, firstTaskIds: [], lastRowId: '9' };
    const selected = { selection, found, signal: new AbortController().signal };
    expect(await cancelSelected(deps, { selected, ...change })).toEqual({ 'not-running': 1 });
  });
});
