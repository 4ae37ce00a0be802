import { describe, expect, it } from 'vitest';
import type { WorkerState } from '../../../../src/core/queue/presence.ts';
import {
  countProcessing,
  describePostgres,
  gatherStatus,
  stateOfWorkers,
} from '../../../../src/services/observe/status.ts';

const worker = (active: number): WorkerState => ({
  worker: 'worker@one',
  pid: 1,
  queues: ['default'],
  concurrency: 2,
  tasks: [],
  started_at: '2026-03-01T00:00:00Z',
  processed: {},
  rss_bytes: 1,
  dropped_log_lines: 0,
  software: '',
  conf: {},
  active: Array.from({ length: active }, (_, n) => ({ task_id: `${n}`, task: 't', meeting_id: null, started_at: '' })),
});

describe('The state of the workers', () => {
  it.each([
    ['reachable', [], 'none'],
    ['stopped', [], 'none'],
    ['unreachable', [], 'unknown'],
    ['refused', [], 'unknown'],
    ['reachable', [worker(0)], 'idle'],
    ['reachable', [worker(2), worker(1)], 'working'],
    ['reachable', [worker(2), worker(2)], 'busy'],
  ] as const)('with a %s Redis and these workers %#: %s', (broker, alive, state) => {
    expect(stateOfWorkers(broker, alive)).toBe(state);
  });

  it('counts the jobs that they have', () => {
    const workers = { state: 'working', alive: [worker(2), worker(1)], silent: [], nodes: null } as const;
    expect(countProcessing({ workers })).toBe(3);
  });
});

describe('A status', () => {
  it('of embedded servers that do not run asks nothing of them', async () => {
    const embedded = { postgres: true, redis: true, dataDir: '.vambe' };
    const status = await gatherStatus({ redisUrl: null, postgresUrl: null, embedded, askCelery: async () => null });
    expect(status).toMatchObject({
      servers: { redis: { state: 'stopped' }, postgres: { state: 'stopped', schema_version: null } },
      data_dir: '.vambe',
      workers: { state: 'none', nodes: null },
      queues: null,
      jobs: null,
      controls: null,
    });
  });

  it('names a database by its address alone', () => {
    expect(describePostgres('postgres://ana:secret@db:5433/vambe')).toBe('db:5433/vambe');
    expect(describePostgres('postgres://db/vambe')).toBe('db:5432/vambe');
    expect(describePostgres('nonsense')).toBe('the given address');
  });
});
