/** One Redis and one PostgreSQL for all cases of a run, started here, or those that were named. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config/load.ts';
import { createLogger } from '../src/core/log/logger.ts';
import { saveMeetings } from '../src/models/queries/meeting-store.ts';
import { preflight } from '../src/preflight.ts';
import type { App } from '../src/wiring.ts';
import { startPostgres, startRedis } from '../tests/helpers/real-servers.ts';
import { makeMeetings } from './meetings.ts';
import { cpuMs } from './processes.ts';

export interface Surroundings {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** Processor time of both servers so far; zero for servers that were named. */
  serverCpuMs(): { redis: number; postgres: number };
  close(): Promise<void>;
}

/** Redis without persistence, PostgreSQL as `initdb` leaves it: commits are durable. */
export async function openSurroundings(named: { postgres?: string; redis?: string }): Promise<Surroundings> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vambe-bench-'));
  const postgres = named.postgres ? undefined : await startPostgres(folder);
  const redis = named.redis ? undefined : await startRedis(folder, { persists: false });
  return {
    postgresUrl: named.postgres ?? postgres?.url ?? '',
    redisUrl: named.redis ?? redis?.url ?? '',
    serverCpuMs: () => ({ redis: redis ? cpuMs(redis.pid) : 0, postgres: postgres ? cpuMs(postgres.pid) : 0 }),
    async close() {
      await Promise.all([postgres?.stop(), redis?.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An app on empty tables and an empty Redis database; migrations are run. */
export async function openApp({ postgresUrl, redisUrl }: Pick<Surroundings, 'postgresUrl' | 'redisUrl'>): Promise<App> {
  const { config } = loadConfig({ DATABASE_URL: postgresUrl, REDIS_URL: redisUrl }, '');
  const log = createLogger({ level: 'error', format: 'json' });
  const { schema } = await preflight({
    postgresUrl,
    redisUrls: [redisUrl],
    patienceMs: 10_000,
    migrates: true,
    createsApiTables: true,
    log,
  });
  return createApp({ config, postgresUrl, redisUrl, schema, log });
}

export async function empty(app: App): Promise<void> {
  const run = (text: string) => app.database.run({ name: '', text }, []);
  await run('truncate vambe_worker.jobs, vambe_worker.runs, vambe_worker.current, meetings_classifications');
  await run('checkpoint');
  await app.redis.flushdb();
}

/** Ids of `count` meetings, made where they are missing. */
export async function seedMeetings(app: App, count: number): Promise<number[]> {
  const meetings = await makeMeetings(count);
  const ids: number[] = [];
  for (let at = 0; at < meetings.length; at += 1_000) {
    const saved = await saveMeetings(app.database, meetings.slice(at, at + 1_000));
    ids.push(...saved.map(({ meetingId }) => meetingId));
  }
  return ids;
}

export interface SpawnedWorker {
  readonly process: ChildProcess;
  readonly pid: number;
  /** From the creation of the process to the event. */
  readonly readyMs: number;
  /** Processor time that the start took. */
  readonly startCpuMs: number;
  stop(): Promise<void>;
}

const builtWorker = fileURLToPath(new URL('../dist/worker.js', import.meta.url));

/** The built worker in a process of its own, ready to consume; it logs warnings and errors only, and says that it is ready. */
export async function spawnWorker(
  urls: Pick<Surroundings, 'postgresUrl' | 'redisUrl'>,
  concurrency: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<SpawnedWorker> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [builtWorker], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: urls.postgresUrl,
      REDIS_URL: urls.redisUrl,
      WORKER_CONCURRENCY: String(concurrency),
      LOG_FORMAT: 'json',
      ...environment,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let startCpuMs = 0;
  const readyMs = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (bytes: Buffer) => {
      text = (text + bytes.toString()).slice(-4_000);
      if (!text.includes('"worker.ready"')) return;
      startCpuMs = cpuMs(child.pid ?? 0);
      resolve(performance.now() - startedMs);
    });
    child.once('exit', () => reject(new Error(`the worker ended before it was ready: ${text}`)));
  });
  return {
    process: child,
    pid: child.pid ?? 0,
    readyMs,
    startCpuMs,
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
