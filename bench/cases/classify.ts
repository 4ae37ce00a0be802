/** (b) Meetings classified offline end to end, rows in the database; all jobs wait in Redis before the worker starts. */

import { priorities } from '../../src/core/queue/enqueue.ts';
import type { App } from '../../src/wiring.ts';
import { cpuMs, residentBytes } from '../processes.ts';
import { empty, type Surroundings, spawnWorker } from '../surroundings.ts';

export interface ClassifyFigures {
  readonly meetings_per_s: number;
  readonly enqueued_per_s: number;
  readonly start_to_ready_ms: number;
  /** Processor milliseconds of one start, not counted in `cpu_ms`. */
  readonly start_cpu_ms: number;
  readonly peak_rss_mb: number;
  /** Processor milliseconds a meeting. */
  readonly cpu_ms: {
    readonly worker: number;
    readonly redis: number;
    readonly postgres: number;
    readonly total: number;
  };
}

export interface ClassifyOptions {
  readonly ids: readonly number[];
  readonly concurrency: number;
  readonly processes: number;
}

export function measureClassify(
  surroundings: Surroundings,
  app: App,
  options: ClassifyOptions,
): Promise<ClassifyFigures> {
  const requests = options.ids.map((id) => ({
    task: 'classify_meeting',
    args: [id],
    origin: 'cli',
    priority: priorities.normal,
  }));
  return measureFilled(surroundings, app, {
    ...options,
    async fill() {
      await app.enqueuer.enqueue(requests);
    },
  });
}

export interface FillOptions {
  /** Puts all the work where the worker will find it. */
  readonly fill: () => Promise<void>;
  /** Of the worker. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Until all of the work is done. */
export async function measureFilled(
  surroundings: Surroundings,
  app: App,
  { ids, concurrency, processes, environment, fill }: ClassifyOptions & FillOptions,
): Promise<ClassifyFigures> {
  await empty(app);
  const enqueueFromMs = performance.now();
  await fill();
  const enqueuedPerS = ids.length / ((performance.now() - enqueueFromMs) / 1_000);
  const runsBefore = await countRuns(app);
  const before = surroundings.serverCpuMs();
  const workers = await Promise.all(
    Array.from({ length: processes }, () => spawnWorker(surroundings, concurrency, environment)),
  );
  let peakBytes = 0;
  for (;;) {
    peakBytes = Math.max(peakBytes, ...workers.map(({ pid }) => residentBytes(pid)));
    // Counting rows all the while would be work for PostgreSQL too.
    if ((await countRuns(app)) - runsBefore >= ids.length && (await countClassified(app)) >= ids.length) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const workerCpuMs = workers.reduce((sum, { pid, startCpuMs }) => sum + cpuMs(pid) - startCpuMs, 0);
  const after = surroundings.serverCpuMs();
  await Promise.all(workers.map((worker) => worker.stop()));
  const [span] = await app.database.run<{ seconds: number }>(
    {
      name: 'bench_span',
      text: 'select extract(epoch from max(mc.updated_at) - min(r.started_at))::float8 as seconds from meetings_classifications mc, vambe_worker.runs r where r.meeting_id = mc.meeting_id',
    },
    [],
  );
  const [open] = await app.database.run<{ open: number }>(
    { name: 'bench_open', text: "select count(*)::int as open from vambe_worker.jobs where state <> 'completed'" },
    [],
  );
  if (open?.open !== 0) throw new Error(`${open?.open} jobs did not complete`);
  const cpu = {
    worker: workerCpuMs / ids.length,
    redis: (after.redis - before.redis) / ids.length,
    postgres: (after.postgres - before.postgres) / ids.length,
  };
  return {
    meetings_per_s: ids.length / (span?.seconds ?? 1),
    enqueued_per_s: enqueuedPerS,
    start_to_ready_ms: Math.max(...workers.map(({ readyMs }) => readyMs)),
    start_cpu_ms: Math.max(...workers.map(({ startCpuMs }) => startCpuMs)),
    peak_rss_mb: peakBytes / 1_048_576,
    cpu_ms: { ...cpu, total: cpu.worker + cpu.redis + cpu.postgres },
  };
}

/** Runs that have begun so far, by the sequence that numbers them. */
async function countRuns(app: App): Promise<number> {
  const [row] = await app.database.run<{ runs: number }>(
    {
      name: 'bench_runs',
      text: 'select (last_value - (not is_called)::int)::int as runs from vambe_worker.runs_id_seq',
    },
    [],
  );
  return row?.runs ?? 0;
}

async function countClassified(app: App): Promise<number> {
  const [row] = await app.database.run<{ count: number }>(
    { name: 'bench_count', text: 'select count(*)::int as count from meetings_classifications' },
    [],
  );
  return row?.count ?? 0;
}
