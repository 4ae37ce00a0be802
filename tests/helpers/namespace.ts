/** A place of its own for a test file: a fresh migrated database and a Redis database number on the run's servers. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { createRedis } from '../../src/core/connections/redis.ts';
import { AppError } from '../../src/core/errors.ts';
import { migrateDatabase } from '../../src/models/schema-check.ts';
import { waitFor } from './wait-for.ts';

export interface Namespace {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** Cancels jobs that a test left open, lifts pauses and empties this namespace's Redis, for tests that share it. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The servers have 16 databases; a number is claimed for as long as the file runs, and emptied when it is given back. */
const redisDatabases = Array.from({ length: 15 }, (_each, index) => index + 1);

export async function createNamespace({ migrated = true }: { migrated?: boolean } = {}): Promise<Namespace> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const adminUrl = inject('postgresUrl');
  const admin = createDatabase({ url: adminUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
  const run = (text: string) => admin.run({ name: '', text }, []);
  // On a busy machine a connection may take longer than the bound that is right for a product.
  await waitFor('a database', () =>
    run(`create database ${name}`).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'DATABASE_BUSY') return false;
        throw error;
      },
    ),
  );
  const postgresUrl = withPath(adminUrl, name);
  if (migrated) {
    const database = createDatabase({ url: postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
    await migrateDatabase(database, { createsApiTables: true });
    await database.close();
  }
  const claimed = await claimRedisDatabase(inject('redisUrl'));
  return {
    postgresUrl,
    redisUrl: claimed.url,
    async clear() {
      const database = createDatabase({ url: postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
      const text = `
with lifted as (delete from vambe_worker.controls)
update vambe_worker.jobs set state = 'cancelled' where state in ('queued', 'retrying')`;
      await database.run({ name: '', text }, []).finally(() => database.close());
      await claimed.clear();
    },
    async close() {
      await claimed.release();
      await run(`drop database if exists ${name} with (force)`);
      await admin.close();
    },
  };
}

async function claimRedisDatabase(
  baseUrl: string,
): Promise<{ url: string; clear(): Promise<void>; release(): Promise<void> }> {
  const base = createRedis({ url: withPath(baseUrl, '0'), name: 'tests', use: 'commands' });
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    for (const number of redisDatabases) {
      if ((await base.set(`tests:db:${number}`, process.pid, 'NX')) !== 'OK') continue;
      const url = withPath(baseUrl, String(number));
      const own = createRedis({ url, name: 'tests', use: 'commands' });
      await own.flushdb();
      return {
        url,
        async clear() {
          await own.flushdb();
        },
        async release() {
          await own.flushdb();
          await base.del(`tests:db:${number}`);
          own.disconnect();
          base.disconnect();
        },
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no Redis database number was free for a minute');
}

function withPath(url: string, path: string): string {
  const changed = new URL(url);
  changed.pathname = `/${path}`;
  return changed.href;
}
