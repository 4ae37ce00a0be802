import { expect, test } from 'vitest';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import type { OpenJob } from '../../../../src/core/job-ledger.ts';
import { createRecovery, type RecoverDeps } from '../../../../src/core/queue/recovery.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

const row = (n: number, delivery = 0): OpenJob => ({
  rowId: String(n),
  task: 'classify_meeting',
  queue: 'q',
  delivery,
  priority: 1,
  failedAttempts: 0,
  dueAt: null,
});

/** A sweep over so many open rows; Redis holds the jobs of all but `lost`. */
function makeSweep({ open, lost = [], running = [] }: { open: number; lost?: number[]; running?: number[] }) {
  const seen = { pages: [] as string[], added: [] as string[], nowMs: 0 };
  const rows = Array.from({ length: open }, (_each, n) => row(n + 1));
  const ledger: RecoverDeps['ledger'] = {
    async listOpen({ afterRowId, limit }) {
      seen.pages.push(afterRowId);
      return rows.slice(Number(afterRowId), Number(afterRowId) + limit);
    },
    redeliver: async (jobs) => jobs.map(({ rowId, delivery }) => row(Number(rowId), delivery + 1)),
  };
  const redis: Pick<Redis, 'eval'> = {
    // The script gets five lists, the prefix and the ids of deliveries; removal of remains gets two.
    eval: async (_script: unknown, keys: unknown, ...rest: unknown[]) => {
      if (keys !== 5) return 0;
      const ids = rest.slice(6).map(String);
      return ids.flatMap((id, position) => (lost.some((n) => id === `j${n}-0`) ? [position] : []));
    },
  };
  const { run } = createRecovery({
    ledger,
    queues: { names: ['q'], add: async (jobs) => void seen.added.push(...jobs.map(({ rowId }) => rowId)) },
    redis: redis as Redis,
    clock: { monotonicMs: () => seen.nowMs, wallMs: () => seen.nowMs } as Clock,
    log: createMemoryLog(),
    isRunningHere: (rowId) => running.includes(Number(rowId)),
  });
  return { run, seen };
}

test.each(['stale', 'orphaned', 'everything'] as const)(
  'a sweep of %s delivers the one job of three that Redis lost, although the queue holds as many others (R1)',
  async (scope) => {
    const { run, seen } = makeSweep({ open: 3, lost: [2] });
    expect(await run(scope)).toBe(1);
    expect(seen.added).toEqual(['2']);
  },
);

test('what this process runs is not delivered again', async () => {
  const { run, seen } = makeSweep({ open: 3, lost: [1, 2], running: [2] });
  expect(await run('everything')).toBe(1);
  expect(seen.added).toEqual(['1']);
});

test('each stale sweep looks at one page, and the sweeps of two minutes have looked at each of 100,000 rows (R1)', async () => {
  const { run, seen } = makeSweep({ open: 100_000, lost: [1, 50_000, 100_000] });
  for (let beats = 0; beats < 60 && seen.added.length < 3; beats++) {
    await run('stale');
    expect(seen.pages).toHaveLength(beats + 1);
    seen.nowMs += 2_000;
  }
  expect(seen.added).toEqual(['1', '50000', '100000']);
});

test('a round over few rows is not begun again within half a minute', async () => {
  const { run, seen } = makeSweep({ open: 3 });
  for (const nowMs of [0, 2_000, 28_000, 30_000]) {
    seen.nowMs = nowMs;
    await run('stale');
  }
  expect(seen.pages).toEqual(['0', '0']);
});
