import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { findPids, isRunning, makeDataDir, type Owner, query, startHere, startOwner, withRedis } from './owner.ts';

const soon = { timeout: 30_000, interval: 50 };

test('when the owner is killed the servers save, stop, and give back ports and lock (H8)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startOwner({ dataDir });
  await query(owner.postgresUrl, 'create table kept as select 1 as value');
  await withRedis(owner.redisUrl, (redis) => redis.set('kept', 'yes'));
  const pids = Object.values(findPids(dataDir));
  process.kill(owner.pid, 'SIGKILL');
  await expect.poll(() => pids.filter(isRunning), { timeout: 5_000 }).toEqual([]);

  const next = await startOwner({ dataDir });
  expect(next).toMatchObject({ attached: false, postgresUrl: owner.postgresUrl, redisUrl: owner.redisUrl });
  expect(await query(next.postgresUrl, 'select value from kept')).toEqual([{ value: 1 }]);
  expect(await withRedis(next.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
});

test('when the host is killed the broker saves and stops PostgreSQL, and the owner starts another host (H8)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startOwner({ dataDir });
  await withRedis(owner.redisUrl, (redis) => redis.set('kept', 'yes'));
  const { host, broker, postgres } = findPids(dataDir);
  process.kill(host, 'SIGKILL');
  await expect.poll(() => owner.events.map(({ name }) => name), soon).toContain('embedded.host_restarted');
  expect([host, broker, postgres].filter(isRunning)).toEqual([]);
  expect(await withRedis(owner.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
  expect(await query(owner.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a kill of everything loses no committed row, and what the broker saved is there (H3)', async () => {
  const dataDir = await makeDataDir();
  let owner = await startOwner({ dataDir });
  await query(owner.postgresUrl, 'create table written (value integer primary key)');
  await withRedis(owner.redisUrl, async (redis) => {
    await redis.set('saved', 'yes');
    await redis.save();
  });
  let committed = 0;
  for (const rounds of [40, 7, 150]) {
    const written = await writeUntilKilled(owner, dataDir, { from: committed, rows: rounds });
    owner = await startOwner({ dataDir });
    const [row] = await query(owner.postgresUrl, 'select count(*)::int as rows, max(value) as last from written');
    // The last one may have been committed and its answer lost.
    expect(Number(row?.rows)).toBeGreaterThanOrEqual(written);
    expect(Number(row?.rows)).toBe(Number(row?.last) + 1);
    committed = Number(row?.rows);
    expect(await withRedis(owner.redisUrl, (redis) => redis.get('saved'))).toBe('yes');
  }
});

/** Writes rows one by one and kills owner, host, broker and PostgreSQL after some of them, in the middle of a write. */
async function writeUntilKilled(
  owner: Owner,
  dataDir: string,
  { from, rows }: { from: number; rows: number },
): Promise<number> {
  const client = new pg.Client({ connectionString: owner.postgresUrl });
  client.on('error', () => undefined);
  await client.connect();
  const pids = [owner.pid, ...Object.values(findPids(dataDir))];
  let next = from;
  try {
    for (; ; next++) {
      const inserted = client.query('insert into written values ($1)', [next]);
      if (next === from + rows) for (const pid of pids) process.kill(pid, 'SIGKILL');
      await inserted;
    }
  } catch {
    await client.end().catch(() => undefined);
    return next;
  }
}

test('when only PostgreSQL outlives a kill of all else, the next start ends it and takes its place (H3)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startOwner({ dataDir });
  await query(owner.postgresUrl, 'create table kept as select 1 as value');
  const { host, broker, postgres } = findPids(dataDir);
  for (const pid of [owner.pid, host, broker]) process.kill(pid, 'SIGKILL');
  expect(isRunning(postgres)).toBe(true);
  const next = await startOwner({ dataDir });
  expect(isRunning(postgres)).toBe(false);
  expect(await query(next.postgresUrl, 'select value from kept')).toEqual([{ value: 1 }]);
});

test('a killed broker and a killed database come back on the same ports (H4)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startHere({ dataDir });
  const { broker, postgres } = findPids(dataDir);
  process.kill(broker, 'SIGKILL');
  process.kill(postgres, 'SIGKILL');
  const names = () => owner.events.map(({ name }) => name);
  await expect.poll(names, soon).toEqual(expect.arrayContaining(['broker.restarted', 'postgres.restarted']));
  expect(await withRedis(owner.redisUrl, (redis) => redis.ping())).toBe('PONG');
  expect(await query(owner.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(findPids(dataDir).postgres).not.toBe(postgres);
});

test('a broker that is stuck in an endless script is ended and comes back with what it saved (H4)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startHere({ dataDir, postgres: false });
  await withRedis(owner.redisUrl, async (redis) => {
    await redis.set('saved', 'yes');
    await redis.save();
    await redis.eval('while true do end', 0).catch(() => undefined);
  });
  await expect.poll(() => owner.events.map(({ name }) => name), soon).toContain('broker.restarted');
  expect(await withRedis(owner.redisUrl, (redis) => redis.get('saved'))).toBe('yes');
});

test('a database that is frozen is ended and comes back (H4)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startHere({ dataDir, redis: false });
  const { postgres } = findPids(dataDir);
  process.kill(postgres, 'SIGSTOP');
  await expect.poll(() => owner.events.map(({ name }) => name), soon).toContain('postgres.restarted');
  expect(await query(owner.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('while its saves fail the broker refuses writes and says so, and takes them again after one that succeeds (H2)', async () => {
  const dataDir = await makeDataDir();
  const owner = await startHere({ dataDir, postgres: false });
  const dump = join(dataDir, 'redis', 'dump.rdb');
  // A folder of that name cannot be replaced by a file: the save fails as on a full disk, at its very end.
  mkdirSync(join(dump, 'in-the-way'), { recursive: true });
  await withRedis(owner.redisUrl, (redis) => redis.set('first', 'kept'));
  const names = () => owner.events.map(({ name }) => name);
  await expect.poll(names, soon).toContain('broker.save_failed');
  await withRedis(owner.redisUrl, async (redis) => {
    await expect(redis.set('second', 'x')).rejects.toThrow(/OOM/);
    expect(await redis.get('first')).toBe('kept');
  });
  rmSync(dump, { recursive: true });
  await expect.poll(names, soon).toContain('broker.save_succeeded');
  expect(await withRedis(owner.redisUrl, (redis) => redis.set('second', 'x'))).toBe('OK');
});
