import { describe, expect, it } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import {
  beat,
  claimDeadWorker,
  listSilentWorkers,
  listWorkers,
  readNode,
  setMarker,
  type WorkerState,
} from '../../../../src/core/queue/presence.ts';
import { fakeClock } from '../../../helpers/deliveries.ts';

const state = (worker: string, pid: number, more: Partial<WorkerState> = {}): WorkerState => ({
  worker,
  pid,
  queues: ['default'],
  concurrency: 2,
  tasks: [],
  started_at: `2026-01-01T00:00:0${pid}Z`,
  processed: { work: 1 },
  rss_bytes: 10,
  dropped_log_lines: 0,
  software: '',
  conf: {},
  active: [],
  ...more,
});

/** Redis whose index lists these places, all within the range that is asked for. */
function fakeRedis(states: readonly WorkerState[]) {
  const byKey = new Map(states.map((each) => [`vambe:worker:${each.worker}#${each.pid}`, JSON.stringify(each)]));
  const places = states.map(({ worker, pid }) => `${worker}#${pid}`);
  return {
    zremrangebyscore: async () => 0,
    zrangebyscore: async (_key: string, _from: unknown, _to: unknown, scores?: string) =>
      scores ? places.flatMap((place) => [place, '995000']) : places,
    mget: async (keys: readonly string[]) => keys.map((key) => byKey.get(key) ?? null),
  } as unknown as Redis;
}

describe('the processes of one name', () => {
  const redis = fakeRedis([state('a@h', 2), state('a@h', 1), state('b@h', 3)]);

  it('are one worker, with the sums of their figures and the pid of the oldest', async () => {
    const workers = await listWorkers(redis, fakeClock());
    expect(workers).toMatchObject([
      { worker: 'a@h', pid: 1, concurrency: 4, rss_bytes: 20, processed: { work: 2 } },
      { worker: 'b@h', pid: 3 },
    ]);
  });

  it('are counted for their node', async () => {
    expect(await readNode(redis, 'a@h', fakeClock())).toMatchObject({ processes: 2, state: { pid: 1 } });
    expect(await readNode(redis, 'c@h', fakeClock())).toEqual({ processes: 0, state: undefined });
  });

  it('that are silent are listed with how long they have been so', async () => {
    const [silent] = await listSilentWorkers(redis, fakeClock(1_000_000));
    expect(silent).toEqual({ worker: 'a@h', silentMs: 5_000 });
  });
});

it('a beat says whether Redis kept the marker and which processes are silent', async () => {
  const multi: Record<string, unknown> = { exec: async () => [null, null, [null, 0], [null, ['dead#1']]] };
  for (const command of ['zadd', 'setex', 'exists', 'zrangebyscore']) multi[command] = () => multi;
  const redis = { multi: () => multi } as unknown as Redis;
  expect(await beat(redis, state('a@h', 1), fakeClock())).toEqual({ hasMarker: false, silent: ['dead#1'] });
});

it('one process claims a dead worker', async () => {
  const taken = new Set<string>();
  const redis = {
    set: async (key: string) => (taken.size === taken.add(key).size ? null : 'OK'),
  } as unknown as Redis;
  expect([await claimDeadWorker(redis, 'dead#1'), await claimDeadWorker(redis, 'dead#1')]).toEqual([true, false]);
});

describe('The marker', () => {
  const failing = (message: string) => ({ rename: async () => Promise.reject(new Error(message)) }) as unknown as Redis;

  it('is not set where Redis was emptied again since the recovery began', async () => {
    await expect(setMarker(failing('ERR no such key'), state('w', 1))).resolves.toBeUndefined();
    await expect(setMarker(failing('READONLY'), state('w', 1))).rejects.toThrow('READONLY');
  });
});
