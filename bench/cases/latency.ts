/** (h) From just before the enqueue call to `classification_result:<id>`, an open loop at a fixed rate. */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { App } from '../../src/wiring.ts';
import { percentile } from '../figures.ts';
import { empty, type Surroundings, spawnWorker } from '../surroundings.ts';

export interface LatencyFigures {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

const warmUp = 20;

export async function measureLatency(
  surroundings: Surroundings,
  app: App,
  { ids, ratePerS }: { ids: readonly number[]; ratePerS: number },
): Promise<LatencyFigures> {
  await empty(app);
  // Not the queue `default`: sweep_unclassified would accept all the meetings at once.
  const worker = await spawnWorker(surroundings, 20, { WORKER_QUEUES: 'classification' });
  const subscriber = new Redis(surroundings.redisUrl);
  await subscriber.config('SET', 'notify-keyspace-events', 'K$');
  const sentMs = new Map<string, number>();
  const delays: number[] = [];
  const database = new URL(surroundings.redisUrl).pathname.slice(1) || '0';
  await subscriber.psubscribe(`__keyspace@${database}__:classification_result:*`);
  const done = new Promise<void>((resolve) => {
    subscriber.on('pmessage', (_pattern, channel) => {
      const id = channel.slice(channel.lastIndexOf(':') + 1);
      const from = sentMs.get(id);
      if (from === undefined) return;
      sentMs.delete(id);
      delays.push(performance.now() - from);
      if (delays.length === ids.length) resolve();
    });
  });
  await atRate(ids, ratePerS, async (id) => {
    sentMs.set(String(id), performance.now());
    await app.enqueuer.enqueue([{ task: 'classify_meeting', args: [id], origin: 'cli' }]);
  });
  await done;
  subscriber.disconnect();
  await worker.stop();
  return summary(delays.slice(warmUp));
}

/** The same for a BullMQ job that does nothing: what the machine and the engine allow in this round. */
export async function measureNoopLatency(
  { redisUrl }: Surroundings,
  { jobs, ratePerS }: { jobs: number; ratePerS: number },
): Promise<LatencyFigures> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue('latency', { connection, prefix: 'bench' });
  const delays: number[] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const worker = new Worker('latency', async () => undefined, { connection, prefix: 'bench', concurrency: 20 });
  worker.on('completed', (job) => {
    delays.push(performance.now() - Number(job.data.fromMs));
    if (delays.length === jobs) finish();
  });
  await atRate(
    Array.from({ length: jobs }, (_each, index) => index),
    ratePerS,
    async () => {
      await queue.add('noop', { fromMs: performance.now() });
    },
  );
  await done;
  await worker.close();
  await queue.close();
  connection.disconnect();
  return summary(delays.slice(warmUp));
}

async function atRate(
  items: readonly number[],
  ratePerS: number,
  send: (item: number) => Promise<void>,
): Promise<void> {
  const fromMs = performance.now();
  for (const [index, item] of items.entries()) {
    const dueMs = fromMs + (index * 1_000) / ratePerS;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    void send(item);
  }
}

function summary(delays: readonly number[]): LatencyFigures {
  return { p50_ms: percentile(delays, 0.5), p95_ms: percentile(delays, 0.95), p99_ms: percentile(delays, 0.99) };
}
