/** What it costs a worker to look at each open row's own job, one page each beat, and at the rows that ended just now. */

import { heartbeatMs } from '../../src/core/queue/presence.ts';
import { createRecovery } from '../../src/core/queue/recovery.ts';
import type { App } from '../../src/wiring.ts';
import { empty, type Surroundings } from '../surroundings.ts';

export interface RecoveryFigures {
  readonly open_rows: number;
  readonly pages: number;
  /** Until each open row was looked at, with a page each beat. */
  readonly round_s: number;
  /** Processor time of a page, in milliseconds. */
  readonly cpu_ms: { readonly worker: number; readonly redis: number; readonly postgres: number };
  /** Of one core, all the while, in the worker alone and with both servers. */
  readonly share_of_core: { readonly worker: number; readonly total: number };
  /** Jobs whose keys were deleted, and how many of them the round added again. */
  readonly lost: number;
  readonly redelivered: number;
}

const bounds = { roundSeconds: 120, shareOfCore: 0.01 } as const;
/** Rounds before the measured one: compiling is not what a worker pays all day. */
const warmRounds = 3;

export async function measureRecovery(
  surroundings: Surroundings,
  app: App,
  { ids, openRows }: { ids: readonly number[]; openRows: number },
): Promise<RecoveryFigures> {
  await empty(app);
  const requests = Array.from({ length: openRows }, (_each, n) => ({
    task: 'classify_meeting',
    args: [ids[n % ids.length]],
    origin: 'cli',
  }));
  await app.enqueuer.enqueue(requests);
  const run = (text: string) => app.database.run<{ id: string }>({ name: '', text }, []);
  await run(`update vambe_worker.jobs set delivered_at = now() - interval '1 hour'`);
  await run('vacuum analyze vambe_worker.jobs');
  for (let round = 0; round < warmRounds; round++) await sweepAll(app);

  const before = { own: process.cpuUsage(), servers: surroundings.serverCpuMs() };
  const { pages } = await sweepAll(app);
  const own = process.cpuUsage(before.own);
  const servers = surroundings.serverCpuMs();
  const cpu = {
    worker: (own.user + own.system) / 1_000 / pages,
    redis: (servers.redis - before.servers.redis) / pages,
    postgres: (servers.postgres - before.servers.postgres) / pages,
  };

  const lost = await run('select id::text from vambe_worker.jobs where id % 100 = 0');
  await app.redis.del(lost.map(({ id }) => `vambe:classification:j${id}-0`));
  const { redelivered } = await sweepAll(app);
  await empty(app);
  return {
    open_rows: openRows,
    pages,
    round_s: (pages * heartbeatMs) / 1_000,
    cpu_ms: cpu,
    share_of_core: {
      worker: cpu.worker / heartbeatMs,
      total: (cpu.worker + cpu.redis + cpu.postgres) / heartbeatMs,
    },
    lost: lost.length,
    redelivered,
  };
}

/** One round of pages without the beats between them. */
async function sweepAll({ ledger, queues, redis, clock, log }: App): Promise<{ pages: number; redelivered: number }> {
  let pages = 0;
  const counted = {
    ...ledger,
    listOpen(page: Parameters<typeof ledger.listOpen>[0]) {
      pages += 1;
      return ledger.listOpen(page);
    },
  };
  const sweep = createRecovery({ ledger: counted, queues, redis, clock, log, isRunningHere: () => false });
  let redelivered = 0;
  // The sweep that begins no new round looks at no page.
  for (let seen = -1; seen < pages; ) {
    seen = pages;
    redelivered += await sweep.run('stale');
  }
  return { pages, redelivered };
}

/** Sentences, one for each bound that is not kept. */
export function findRecoveryShortfalls({ round_s, share_of_core, lost, redelivered }: RecoveryFigures): string[] {
  return [
    ...(round_s > bounds.roundSeconds ? [`recovery round ${round_s} s of ${bounds.roundSeconds} s`] : []),
    ...(share_of_core.total > bounds.shareOfCore
      ? [`recovery ${(share_of_core.total * 100).toFixed(2)} % of a core of ${bounds.shareOfCore * 100} %`]
      : []),
    ...(redelivered < lost ? [`recovery found ${redelivered} of ${lost} lost jobs`] : []),
  ];
}
