import { describe, expect, it } from 'vitest';
import { createCli } from '../../../../src/cli/kit/create-cli.ts';
import { describeStatus } from '../../../../src/cli/print/status.ts';
import type { WorkerState } from '../../../../src/core/queue/presence.ts';
import { type ServerStatus, type StatusReport, stateOfWorkers } from '../../../../src/services/observe/status.ts';
import { makeIo } from '../fake-io.ts';

const server = (state: ServerStatus['state']): ServerStatus => ({
  state,
  embedded: false,
  address: '127.0.0.1',
  version: '7.2',
  latency_ms: 1,
  code: null,
  error: null,
});

const makeWorker = (more: Partial<WorkerState> = {}): WorkerState => ({
  worker: 'worker@one',
  pid: 1,
  queues: ['default'],
  concurrency: 2,
  tasks: [],
  started_at: '2026-03-01T00:00:00Z',
  processed: {},
  rss_bytes: 1_048_576,
  dropped_log_lines: 0,
  software: '',
  conf: {},
  active: [],
  ...more,
});

const running = (count: number) =>
  Array.from({ length: count }, (_each, n) => ({ task_id: `${n}`, task: 't', meeting_id: null, started_at: '' }));

async function statusText(
  redis: ServerStatus['state'],
  alive: readonly WorkerState[],
  more: Partial<StatusReport> = {},
) {
  const handle = createCli(makeIo().io, { json: false });
  await handle.prepare();
  const report: StatusReport = {
    servers: { redis: server(redis), postgres: { ...server('reachable'), schema_version: 2 } },
    data_dir: null,
    workers: { state: stateOfWorkers(redis, alive), alive, silent: [], nodes: null },
    queues: redis === 'reachable' ? [{ name: 'default', waiting: 3, delayed: 0, active: 0, is_paused: false }] : null,
    celery_messages: {},
    jobs: {
      queued: 3,
      retrying: 0,
      failed: 10_001,
      cancelled: 0,
      rejected: 0,
      open: { default: 3 },
      retrying_by_code: {},
    },
    controls: [],
    ...more,
  };
  const text = describeStatus(handle.cli, report, Date.UTC(2026, 2, 1));
  handle.release();
  return text;
}

describe('vambe status', () => {
  it('distinguishes no worker, busy workers, and a Redis that cannot say', async () => {
    expect(await statusText('reachable', [])).toContain(
      'No worker is registered; 3 jobs are queued. "vambe worker" starts one.',
    );
    expect(await statusText('reachable', [makeWorker({ active: running(2) })])).toContain(
      '1 worker is alive and busy, processing 2 of 2 jobs at once; 3 jobs are queued.',
    );
    expect(await statusText('unreachable', [])).toContain('Workers: unknown, as Redis is unreachable.');
    expect(await statusText('refused', [])).toContain('Workers: unknown, as Redis refuses us.');
  });

  it('tells of Celery messages that no worker has taken', async () => {
    const queues = [{ name: 'default', waiting: 0, delayed: 0, active: 0, is_paused: false }];
    const some = { celery_messages: { celery: 2, reports: 1 } };
    const text = await statusText('reachable', [makeWorker()], { queues, ...some });
    expect(text).toContain('1 worker is alive and idle; 3 Celery messages are queued.');
    expect(text).toContain('Celery messages that no worker has taken, by list: celery 2, reports 1.');
    expect(await statusText('reachable', [], some)).toContain(
      '; 3 jobs and 3 Celery messages are queued. "vambe worker"',
    );
    const one = { queues, celery_messages: { celery: 1 } };
    expect(await statusText('reachable', [makeWorker()], one)).toContain('; 1 Celery message is queued.');
    const none = await statusText('reachable', [makeWorker()], { queues });
    expect(none).toContain('; nothing is queued.');
    expect(none).not.toContain('Celery messages');
  });

  it('says how many jobs are being processed, and calls workers without a job idle', async () => {
    const workers = [makeWorker({ active: running(2) }), makeWorker({ worker: 'worker@two', active: running(1) })];
    expect(await statusText('reachable', workers)).toContain('2 workers are alive, processing 3 of 4 jobs at once');
    expect(await statusText('reachable', [makeWorker()])).toContain('1 worker is alive and idle');
  });

  it('says why a queue is paused and until when, and which schedules are', async () => {
    const queues = [{ name: 'default', waiting: 3, delayed: 0, active: 0, is_paused: true }];
    const control = { since: '2026-02-28T00:00:00Z', by: 'cli:ana', code: null, isOver: false };
    const controls = [
      { ...control, kind: 'queue' as const, name: 'default', reason: 'no key', until: '2026-03-02T00:00:00Z' },
      { ...control, kind: 'schedule' as const, name: 'purge_expired', reason: '', until: null },
    ];
    const text = await statusText('reachable', [makeWorker()], { queues, controls });
    expect(text).toContain('yes, since 2026-02-28T00:00:00.000Z, until 2026-03-02T00:00:00.000Z, no key');
    expect(text).toContain('Paused schedules: purge_expired.');
  });

  it('names Python workers that answer', async () => {
    const workers = { state: 'none', alive: [], silent: [], nodes: ['python@host'] } as const;
    expect(await statusText('reachable', [], { workers })).toContain(
      'Celery nodes beside them that answer: python@host.',
    );
  });

  it('names a worker that went silent', async () => {
    const silent = [{ worker: 'worker@lost', silentMs: 12_000 }] as const;
    const workers = { state: 'none', alive: [], silent, nodes: [] } as const;
    expect(await statusText('reachable', [], { workers })).toContain('(worker@lost was last seen 12 s ago)');
  });

  it('says what jobs failed with that are tried again', async () => {
    const jobs = { queued: 0, retrying: 3, failed: 0, cancelled: 0, rejected: 0, open: { default: 3 } };
    const text = await statusText('reachable', [makeWorker()], {
      jobs: { ...jobs, retrying_by_code: { MODEL_UNREACHABLE: 2, TASK_TIMEOUT: 1 } },
    });
    expect(text).toContain(
      'What failed and is tried again: MODEL_UNREACHABLE 2, TASK_TIMEOUT 1. "vambe jobs --state retrying" lists it.',
    );
    expect(await statusText('reachable', [makeWorker()])).not.toContain('tried again');
  });

  it('has one word and one place for jobs that a worker has (N6)', async () => {
    const text = await statusText('reachable', [makeWorker({ active: running(2) })]);
    expect(text).toContain('Jobs: 1 queued, 2 processing, 0 retrying');
    expect(text).toContain('2 of 2');
    expect(text).not.toMatch(/\brunning\b|\bopen rows\b|slots/);
  });

  it('takes jobs that a worker has out of the retrying ones where no more are queued (N6)', async () => {
    const jobs = { queued: 1, retrying: 2, failed: 0, cancelled: 0, rejected: 0, open: {}, retrying_by_code: {} };
    const text = await statusText('reachable', [makeWorker({ active: running(2) })], { jobs });
    expect(text).toContain('Jobs: 0 queued, 2 processing, 1 retrying');
  });

  it('says where counts end', async () => {
    expect(await statusText('reachable', [])).toContain('10,000+ failed');
  });

  it('says that the embedded servers do not run, and claims to know nothing of what waits', async () => {
    const stopped = { ...server('stopped'), embedded: true };
    const text = await statusText('stopped', [], {
      servers: { redis: stopped, postgres: { ...stopped, schema_version: null } },
      data_dir: '.vambe',
      queues: null,
      jobs: null,
    });
    expect(text).toContain('Embedded mode: the servers are not running, data in .vambe. "vambe up" starts everything.');
    expect(text).toContain('No worker is registered.');
    expect(text).not.toContain('queued');
  });
});
