/** (a) What the engine can do: BullMQ jobs that do nothing, same Redis, retention, concurrency and priorities as ours. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { retention } from '../../src/core/queue/queues.ts';
import { cpuMs } from '../processes.ts';
import type { Surroundings } from '../surroundings.ts';

export interface CeilingFigures {
  readonly jobs_per_s: number;
  readonly worker_cpu_ms_a_job: number;
  readonly addbulk_per_s: number;
}

const noopWorker = fileURLToPath(new URL('./noop-worker.mjs', import.meta.url));
export const ceilingQueue = 'ceiling';

export async function measureCeiling(
  { redisUrl }: Surroundings,
  { jobs, concurrency }: { jobs: number; concurrency: number },
): Promise<CeilingFigures> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  await connection.flushdb();
  const queue = new Queue(ceilingQueue, { connection, prefix: 'bench' });
  const addedFromMs = performance.now();
  for (let at = 0; at < jobs; at += 1_000) {
    await queue.addBulk(
      Array.from({ length: Math.min(1_000, jobs - at) }, (_each, index) => ({
        name: 'noop',
        data: { id: String(at + index), v: 1 },
        opts: {
          jobId: `j${at + index}-0`,
          attempts: 4,
          backoff: { type: 'fixed', delay: 60_000 },
          priority: 1,
          ...retention,
        },
      })),
    );
  }
  const addbulkPerS = jobs / ((performance.now() - addedFromMs) / 1_000);
  const child = fork(noopWorker, [redisUrl, String(jobs), String(concurrency), JSON.stringify(retention)]);
  const [message] = (await once(child, 'message')) as [{ startedMs: number; endedMs: number }];
  const workerCpuMs = cpuMs(child.pid ?? 0);
  child.kill();
  await queue.close();
  connection.disconnect();
  return {
    jobs_per_s: jobs / ((message.endedMs - message.startedMs) / 1_000),
    worker_cpu_ms_a_job: workerCpuMs / jobs,
    addbulk_per_s: addbulkPerS,
  };
}
