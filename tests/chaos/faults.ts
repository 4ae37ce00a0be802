/** The faults that a chaos run mixes, and how soon work has to go on after each (issue: recovery times). */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { listQueuedJobs } from '../../src/core/queue/queue-counts.ts';
import type { App } from '../../src/wiring.ts';
import type { Restartable } from '../helpers/restartable-servers.ts';
import type { Fleet } from './fleet.ts';
import type { Seeded } from './seeded.ts';

export interface Scene {
  readonly app: App;
  readonly postgres: Restartable;
  readonly redis: Restartable;
  readonly fleet: Fleet;
  readonly seeded: Seeded;
  /** Resolves when the server answers. */
  answers(server: 'postgres' | 'redis'): Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** Work goes on within this time after `run` has ended; null: it never stopped. */
  readonly boundMs: number | null;
  /** Ends when the server is back. */
  run(scene: Scene): Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: 'worker killed', weight: 6, boundMs: null, run: async ({ fleet }) => fleet.kill(await fleet.pick()) },
  {
    name: 'worker frozen',
    weight: 2,
    boundMs: null,
    async run({ fleet, seeded }) {
      const worker = await fleet.pick();
      worker.kill('SIGSTOP');
      await sleep(seeded.between(500, 4_000));
      worker.kill('SIGCONT');
    },
  },
  { name: 'clock jumps', weight: 2, boundMs: null, run: async ({ fleet }) => (await fleet.pick()).kill('SIGUSR2') },
  {
    name: 'redis emptied',
    weight: 3,
    boundMs: 5_000,
    async run({ app }) {
      await app.redis.flushall();
    },
  },
  {
    name: 'redis frozen',
    weight: 2,
    boundMs: 3_000,
    async run({ redis, seeded }) {
      process.kill(redis.pid, 'SIGSTOP');
      await sleep(seeded.between(500, 6_000));
      process.kill(redis.pid, 'SIGCONT');
    },
  },
  {
    name: 'redis killed, back with its data',
    weight: 3,
    boundMs: 3_000,
    async run({ redis, seeded, answers }) {
      await redis.end('SIGKILL');
      await sleep(seeded.between(0, 3_000));
      await redis.start();
      await answers('redis');
    },
  },
  {
    name: 'redis killed, back empty',
    weight: 2,
    boundMs: 5_000,
    async run({ redis, seeded, answers }) {
      await redis.end('SIGKILL');
      await sleep(seeded.between(0, 2_000));
      await redis.start({ isEmpty: true });
      await answers('redis');
    },
  },
  {
    name: 'postgresql crashed and restarted',
    weight: 3,
    boundMs: 3_000,
    async run({ postgres, seeded, answers }) {
      await postgres.end('SIGQUIT');
      await sleep(seeded.between(0, 3_000));
      await postgres.start();
      await answers('postgres');
    },
  },
  {
    name: 'postgresql frozen',
    weight: 2,
    boundMs: 3_000,
    async run({ postgres, seeded }) {
      const pids = [postgres.pid, ...childrenOf(postgres.pid)];
      for (const pid of pids) signal(pid, 'SIGSTOP');
      await sleep(seeded.between(500, 5_000));
      for (const pid of pids) signal(pid, 'SIGCONT');
    },
  },
];

/** By weight. */
export function drawFault(seeded: Seeded): Fault {
  return seeded.pick(faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault)));
}

/** Row ids that a worker holds now, as the queue knows. */
export async function heldBy(app: App, worker: string): Promise<readonly string[]> {
  const held = await listQueuedJobs(app.queues, { name: 'classification', state: 'active', limit: 1_000 });
  return held.filter((each) => each.worker === worker).map(({ rowId }) => rowId);
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
