import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/core/clock.ts';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import {
  countEnds,
  type EndedClassification,
  type Stall,
  waitForClassifications,
} from '../../../../src/services/meetings/wait-for-classifications.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const jobs = [
  { meetingId: 7, taskId: 'a', rowId: '1', isNew: true },
  { meetingId: 8, taskId: 'b', rowId: '2', isNew: true },
];
const endOf = (rowId: string, more: Partial<EndedClassification> = {}): EndedClassification => ({
  row_id: rowId,
  task_id: rowId,
  meeting_id: 1,
  state: 'completed',
  error_code: null,
  error_message: null,
  unchanged: false,
  labels: null,
  confidence_score: null,
  ...more,
});

function makeDeps(options: { ends: readonly (readonly string[])[]; workers?: number; statements?: object }) {
  const looks = [...options.ends];
  const database = createFakeDatabase({
    classification_jobs_ended: () => (looks.shift() ?? []).map((rowId) => endOf(rowId)),
    ...options.statements,
  });
  const worker = JSON.stringify({ worker: 'w@host', active: [], queues: [] });
  const redis = {
    zremrangebyscore: async () => 0,
    zrangebyscore: async () => Array.from({ length: options.workers ?? 1 }, () => 'w@host'),
    mget: async () => [worker],
  } as unknown as Redis;
  return { database, redis, clock: systemClock };
}

const signal = new AbortController().signal;

describe('Waiting for classifications', () => {
  it('gives their ends in the order of the jobs and reports each step', async () => {
    const steps: number[] = [];
    const deps = makeDeps({ ends: [['2'], ['1']] });
    const ended = await waitForClassifications(deps, { jobs, signal, onProgress: (count) => steps.push(count) });
    expect(ended.map(({ row_id }) => row_id)).toEqual(['1', '2']);
    expect(steps).toEqual([1, 2]);
  });

  it('reports once that no worker runs', async () => {
    const stalls: Stall[] = [];
    const deps = makeDeps({ ends: [[], [], [], ['1', '2']], workers: 0 });
    await waitForClassifications(deps, { jobs, signal, quietMs: 1, onStall: (stall) => stalls.push(stall) });
    expect(stalls).toEqual([{ kind: 'no worker' }]);
  });

  it('reports what its jobs failed with', async () => {
    const stalls: Stall[] = [];
    const cause = { jobs: 2, error_code: 'MODEL_UNREACHABLE', error_message: 'The model cannot be reached.' };
    const statements = { controls_list: [], classification_jobs_retry_causes: [cause] };
    const deps = makeDeps({ ends: [[], [], ['1', '2']], statements });
    await waitForClassifications(deps, { jobs, signal, quietMs: 1, onStall: (stall) => stalls.push(stall) });
    expect(stalls).toEqual([
      { kind: 'retrying', jobs: 2, code: 'MODEL_UNREACHABLE', message: 'The model cannot be reached.' },
    ]);
  });

  it('ends at once when it is aborted', async () => {
    const deps = makeDeps({ ends: [] });
    await expect(waitForClassifications(deps, { jobs, signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });

  it('counts a job that did not complete as failed, and an unchanged one as completed', () => {
    const ended = [endOf('1'), endOf('2', { unchanged: true }), endOf('3', { state: 'cancelled' })];
    expect(countEnds(ended)).toEqual({ completed: 2, unchanged: 1, failed: 1 });
  });
});
