// A BullMQ worker whose jobs do nothing: the engine's ceiling, in a process of its own as ours is.
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

const [redisUrl, jobs, concurrency, retention] = process.argv.slice(2);
let done = 0;
let startedMs;
const worker = new Worker(
  'ceiling',
  async () => {
    startedMs ??= Date.now();
  },
  {
    connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
    prefix: 'bench',
    concurrency: Number(concurrency),
    lockDuration: 25_000,
    stalledInterval: 5_000,
    ...JSON.parse(retention),
  },
);
worker.on('error', () => undefined);
worker.on('completed', () => {
  done += 1;
  if (done === Number(jobs)) process.send({ startedMs, endedMs: Date.now() });
});
