/** (a) What the engine can do: BullMQ jobs that do nothing, same Redis, retention, concurrency and priorities as ours. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { retention } from '../../src/core/queue/bull-worker.ts';
import { cpuMs } from '../processes.ts';
import type { Surroundings } from '../surroundings.ts';

export interface CeilingFigures {
  readonly jobs_per_s: number;
  readonly worker_cpu_ms_a_job: number;
  readonly addbulk_per_s: number;
}

const noopWorker = fileURLToPath(new URL('./noop-worker.mjs', import.meta.url));
const ceilingQueue = 'ceiling';

export async function measureCeiling(
  surroundings: Surroundings,
  { jobs, concurrency }: { jobs: number; concurrency: number },
): Promise<CeilingFigures> {
  const { redisUrl } = surroundings;
  const addbulkPerS = await measureAddBulk(surroundings, jobs);
  const child = fork(noopWorker, [redisUrl, String(jobs), String(concurrency), JSON.stringify(retention)]);
  const [message] = (await once(child, 'message')) as [{ startedMs: number; endedMs: number }];
  const workerCpuMs = cpuMs(child.pid ?? 0);
  child.kill();
  return {
    jobs_per_s: jobs / ((message.endedMs - message.startedMs) / 1_000),
    worker_cpu_ms_a_job: workerCpuMs / jobs,
    addbulk_per_s: addbulkPerS,
  };
}

/** Fills the empty Redis with jobs as ours are, by addBulk alone; jobs a second. */
export async function measureAddBulk({ redisUrl }: Surroundings, jobs: number): Promise<number> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  await connection.flushdb();
  const queue = new Queue(ceilingQueue, { connection, prefix: 'bench' });
  const fromMs = performance.now();
  for (let at = 0; at < jobs; at += 1_000) {
    const block = Array.from({ length: Math.min(1_000, jobs - at) }, (_each, index) => toJob(at + index));
    await queue.addBulk(block);
  }
  const perS = jobs / ((performance.now() - fromMs) / 1_000);
  await queue.close();
  connection.disconnect();
  return perS;
}

function toJob(index: number) {
  const opts = {
    jobId: `j${index}-0`,
    attempts: 4,
    backoff: { type: 'fixed', delay: 60_000 },
    priority: 1,
  };
  return { name: 'noop', data: { id: String(index), v: 1 }, opts };
}
