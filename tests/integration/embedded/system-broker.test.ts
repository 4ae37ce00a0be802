import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { findPids, isRunning, makeDataDir, startOwner, withRedis } from './owner.ts';

const isInstalled = spawnSync('redis-server', ['--version']).status === 0;
const request = { broker: 'system', postgres: false } as const;

test.runIf(isInstalled)('VAMBE_BROKER=system keeps its keys over a stop and a kill, on the same port', async () => {
  const dataDir = await makeDataDir();
  const owner = await startOwner({ dataDir, ...request });
  const redisPid = await withRedis(owner.redisUrl, async (redis) => {
    await redis.set('kept', 'yes');
    return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
  });
  // An append-only file is written each second; a second save of this kind has to be awaited.
  await expect
    .poll(() => withRedis(owner.redisUrl, (redis) => redis.info('persistence')))
    .toMatch(/aof_pending_bio_fsync:0/);
  process.kill(redisPid, 'SIGKILL');
  await expect.poll(() => owner.events.map(({ name }) => name), { timeout: 15_000 }).toContain('broker.restarted');
  expect(await withRedis(owner.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
  await owner.stop();
  const next = await startOwner({ dataDir, ...request });
  expect(next.redisUrl).toBe(owner.redisUrl);
  expect(await withRedis(next.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
});

test.runIf(isInstalled)('a redis-server whose supervisors were all killed is ended by the next start', async () => {
  const dataDir = await makeDataDir();
  const owner = await startOwner({ dataDir, ...request });
  const redisPid = await withRedis(owner.redisUrl, async (redis) => {
    await redis.set('kept', 'yes');
    return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
  });
  expect(readFileSync(`/proc/${redisPid}/cmdline`, 'utf8')).not.toContain(new URL(owner.redisUrl).password);
  const { host, broker } = findPids(dataDir);
  for (const pid of [owner.pid, host, broker]) process.kill(pid, 'SIGKILL');
  const next = await startOwner({ dataDir, ...request });
  expect(isRunning(redisPid)).toBe(false);
  expect(await withRedis(next.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
});

test('VAMBE_BROKER=system without a redis-server on PATH names the ways out (H7)', async () => {
  const path = process.env.PATH;
  onTestFinished(() => {
    process.env.PATH = path;
  });
  process.env.PATH = '/nonexistent';
  const refused = startOwner({ dataDir: await makeDataDir(), ...request });
  await expect(refused).rejects.toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    exitCode: 6,
    message: expect.stringMatching(/not on PATH.*REDIS_URL.*VAMBE_BROKER.*docker compose/),
  });
});
