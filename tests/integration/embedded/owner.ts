/** Embedded servers whose owner is a process of its own, so that a test can kill it, and what tests ask of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { type EmbeddedRequest, startEmbedded } from '../../../src/embedded/embedded.ts';
import { productModule, runsProduct } from '../../helpers/product.ts';

export interface Owner {
  readonly pid: number;
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly attached: boolean;
  /** Names of what was told so far. */
  readonly events: readonly { name: string; fields: Record<string, unknown> }[];
  stop(): Promise<void>;
}

interface Refusal {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
}

type Answer = { ready?: Owner; failed?: Refusal; event?: Owner['events'][number]; stopped?: boolean };

const script = `
  import { startEmbedded } from ${JSON.stringify(productModule('embedded/embedded'))};
  process.once('message', async (request) => {
    try {
      const servers = await startEmbedded({ ...request, onEvent: (event) => process.send({ event }) });
      process.on('message', async () => {
        await servers.stop();
        process.send({ stopped: true }, () => process.exit(0));
      });
      process.send({ ready: servers });
    } catch ({ code, exitCode, message }) {
      process.send({ failed: { code, exitCode, message } }, () => process.exit(1));
    }
  });`;

export async function makeDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vambe-embedded-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return join(folder, 'data');
}

/** Starts (or attaches) in another process; rejects with a Refusal. The process is gone after the test. */
export async function startOwner(request: Partial<EmbeddedRequest> & { dataDir: string }): Promise<Owner> {
  const child = spawn(process.execPath, [...runsProduct, '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => end(child));
  const events: Owner['events'][number][] = [];
  const answers = new Promise<Owner>((resolve, reject) => {
    child.on('message', ({ ready, failed, event }: Answer) => {
      if (event) events.push(event);
      if (failed) reject(failed);
      if (ready) resolve({ ...ready, pid: child.pid ?? 0, events, stop: () => end(child) });
    });
    child.once('exit', (code) => reject(new Error(`the owner ended with ${code}`)));
  });
  child.send({ postgres: true, redis: true, broker: 'wasm', ...request });
  return answers;
}

/** The same in this process, for what no kill is part of: a process less to start. */
export async function startHere(request: Partial<EmbeddedRequest> & { dataDir: string }): Promise<Owner> {
  const events: Owner['events'][number][] = [];
  const servers = await startEmbedded({
    ...{ postgres: true, redis: true, broker: 'wasm' },
    ...request,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => servers.stop());
  const { attached, postgresUrl, redisUrl, stop } = servers;
  return { pid: process.pid, postgresUrl: postgresUrl ?? '', redisUrl: redisUrl ?? '', attached, events, stop };
}

/** Asks for a stop and waits for the process to end; nothing when it was killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.connected) child.send('stop', () => undefined);
  await ended;
}

export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** A client that does not try again: a test sees what one connection sees. */
export async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
    enableReadyCheck: false,
    commandTimeout: 5_000,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** All processes of a folder's servers as its files name them: the host, the broker, PostgreSQL. */
export function findPids(dataDir: string): { host: number; broker: number; postgres: number } {
  const { host } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8'));
  const { servers } = JSON.parse(readFileSync(join(dataDir, 'servers.json'), 'utf8'));
  const pidOf = (role: string) => servers.find((server: { role: string }) => server.role === role)?.pid ?? 0;
  return { host: host.pid, broker: pidOf('broker'), postgres: pidOf('postgres') };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
