/** The workers of a chaos run: whoever dies is started again, whoever dies unasked is noted. */
import { type SpawnedWorker, startWorkerProcess } from '../helpers/worker-process.ts';
import type { Seeded } from './seeded.ts';

export interface Fleet {
  /** One of those that are ready. */
  pick(): Promise<SpawnedWorker>;
  nameOf(worker: SpawnedWorker): string;
  /** Kills one and starts another in its place. */
  kill(worker: SpawnedWorker): void;
  /** Ends and faults that nobody asked for. */
  readonly surprises: readonly string[];
  /** The function given back tells what workers, dead ones too, have logged since. */
  listen(): () => readonly string[];
  /** For how long so far no worker was there to take jobs: those that were killed were still being replaced. */
  readonly unmannedMs: number;
  ready(): Promise<void>;
  stop(): Promise<readonly (number | NodeJS.Signals)[]>;
}

/** A day and an hour: so far a clock jumps, back at the next time. */
const clockJumpMs = 25 * 3_600_000;

export function startFleet(
  servers: { postgresUrl: string; redisUrl: string },
  { workers, concurrency, seeded }: { workers: number; concurrency: number; seeded: Seeded },
): Fleet {
  const surprises: string[] = [];
  const crew = new Map<SpawnedWorker, string>();
  const all = new Map<SpawnedWorker, string>();
  let isOver = false;
  let started = 0;

  const start = () => {
    started += 1;
    const name = `chaos-${started}@tests`;
    const worker = startWorkerProcess({
      ...servers,
      environment: { WORKER_HOSTNAME: name, WORKER_CONCURRENCY: String(concurrency), LOG_LEVEL: 'info' },
      steer: { classifyMs: 100, clockJumpMs: started % 2 === 0 ? clockJumpMs : -clockJumpMs },
    });
    crew.set(worker, name);
    all.set(worker, name);
    void worker.exited.then((how) => {
      for (const { event, error } of worker.events)
        if (event === 'worker.bug') surprises.push(`${name} met a fault of its own: ${error}`);
      if (isOver || !crew.delete(worker)) return;
      surprises.push(`${name} ended by itself (${how}): ${worker.output().slice(-600)}`);
      start();
    });
  };
  for (let n = 0; n < workers; n++) start();

  const readyOnes = () => [...crew.keys()].filter(({ events }) => events.some(({ event }) => event === 'worker.ready'));

  let unmannedMs = 0;
  let lookedMs = performance.now();
  const looking = setInterval(() => {
    if (readyOnes().length === 0) unmannedMs += performance.now() - lookedMs;
    lookedMs = performance.now();
  }, 50);

  return {
    surprises,
    get unmannedMs() {
      return unmannedMs;
    },
    listen() {
      const before = new Map([...all.keys()].map((worker) => [worker, worker.events.length]));
      return () =>
        [...all].flatMap(([worker, name]) =>
          worker.events.slice(before.get(worker) ?? 0).map((event) => `${name} ${JSON.stringify(event)}`),
        );
    },
    nameOf: (worker) => crew.get(worker) ?? '',
    async pick() {
      for (;;) {
        const ready = readyOnes();
        if (ready.length > 0) return seeded.pick(ready);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    kill(worker) {
      crew.delete(worker);
      worker.kill('SIGKILL');
      start();
    },
    async ready() {
      await Promise.all([...crew.keys()].map((worker) => worker.logged('worker.ready')));
    },
    async stop() {
      // One that is still starting knows no signals yet.
      await this.ready();
      isOver = true;
      clearInterval(looking);
      for (const worker of crew.keys()) worker.kill('SIGTERM');
      return Promise.all([...crew.keys()].map(({ exited }) => exited));
    },
  };
}
