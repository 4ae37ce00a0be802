import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../../../src/embedded/embedded.ts';
import { openHost } from '../../../src/embedded/host.ts';
import { findPids, isRunning, makeDataDir, query, startHere, startOwner, withRedis } from './owner.ts';

const both = { postgres: true, redis: true, broker: 'wasm' } as const;
const ignoreEvents = () => undefined;

test('H1 a second host on the same folder is refused, and the holder is named', async () => {
  const dataDir = await makeDataDir();
  await startHere({ dataDir });
  const refused = openHost({ dataDir, ...both, keepPorts: false }, ignoreEvents);
  await expect(refused).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE', exitCode: 6 });
  const { host } = findPids(dataDir);
  await expect(refused).rejects.toThrow(
    new RegExp(`${dataDir} is in use by process ${host} \\(since .*VAMBE_DATA_DIR`),
  );
  expect(isRunning(host)).toBe(true);
});

test('H2 a path that is a file is refused, with path and reason', async () => {
  const dataDir = await makeDataDir();
  writeFileSync(dataDir, 'a file');
  const refused = startEmbedded({ dataDir, ...both });
  await expect(refused).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', exitCode: 6 });
  await expect(refused).rejects.toThrow(`${dataDir} cannot be used: it is a file, not a folder. Set VAMBE_DATA_DIR`);
  await expect(startEmbedded({ dataDir: join(dataDir, 'below'), ...both })).rejects.toThrow(/a file, not a folder/);
});

test.runIf(process.getuid?.() !== 0)(
  'H2 a folder that may not be written to is refused, and nothing is made in it',
  async () => {
    const dataDir = await makeDataDir();
    mkdirSync(dataDir, { mode: 0o555 });
    const refused = startEmbedded({ dataDir, ...both });
    await expect(refused).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', exitCode: 6 });
    await expect(refused).rejects.toThrow('this user may not write there');
    expect(readdirSync(dataDir)).toEqual([]);
    chmodSync(dataDir, 0o755);
  },
);

test('H2 a folder on a full disk is refused with the reason, and a start with room succeeds', async ({ skip }) => {
  const dataDir = await makeDataDir();
  mkdirSync(dataDir);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataDir]);
  if (mounted.status !== 0) skip('a small file system can only be mounted by root');
  onTestFinished(() => void spawnSync('umount', ['-l', dataDir]));
  const refused = startHere({ dataDir });
  await expect(refused).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', exitCode: 6 });
  await expect(refused).rejects.toMatchObject({
    message: expect.stringMatching(/its disk has 1\d MB left, and 100 MB are needed/),
  });
  expect(readdirSync(dataDir)).not.toContain('postgres');

  spawnSync('mount', ['-o', 'remount,size=200m', dataDir]);
  const owner = await startHere({ dataDir });
  expect(await query(owner.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  await owner.stop();
});

test.each([
  ['cut in the middle', (file: string) => truncateSync(file, Math.floor(readFileSync(file).length / 2))],
  ['empty', (file: string) => truncateSync(file, 0)],
  ['with a flipped byte', (file: string) => flipByte(file)],
  [
    'of a later version',
    (file: string) => writeFileSync(file, `REDIS9999${readFileSync(file, 'latin1').slice(9)}`, 'latin1'),
  ],
])('H5 a broker file that is %s is moved aside and the broker starts empty', async (_title, damage) => {
  const dataDir = await makeDataDir();
  const first = await startHere({ dataDir, postgres: false });
  await withRedis(first.redisUrl, (redis) =>
    redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, `value ${i}`]))),
  );
  await first.stop();
  const folder = join(dataDir, 'redis');
  damage(join(folder, 'dump.rdb'));
  const damaged = readFileSync(join(folder, 'dump.rdb'));

  const second = await startHere({ dataDir, postgres: false });
  expect(await withRedis(second.redisUrl, (redis) => redis.dbsize())).toBe(0);
  expect(second.events.map(({ name }) => name)).toContain('broker.files_set_aside');
  const [aside] = readdirSync(folder).filter((name) => /^dump\.rdb\.bad-\d+$/.test(name));
  expect(readFileSync(join(folder, `${aside}`))).toEqual(damaged);
});

test('a broker ignores a polite signal and keeps its file over a kill', async () => {
  const dataDir = await makeDataDir();
  const first = await startHere({ dataDir, postgres: false });
  await withRedis(first.redisUrl, (redis) => redis.set('kept', 'yes'));
  process.kill(findPids(dataDir).broker, 'SIGTERM'); // Ignored: the owner decides when it ends.
  await withRedis(first.redisUrl, (redis) => redis.save());
  process.kill(findPids(dataDir).broker, 'SIGKILL');
  await expect.poll(() => first.events.map(({ name }) => name), { timeout: 15_000 }).toContain('broker.restarted');
  expect(await withRedis(first.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
});

test.each([
  [
    'of another version',
    (cluster: string) => writeFileSync(join(cluster, 'PG_VERSION'), '17\n'),
    /made by PostgreSQL 17.*PostgreSQL 15.*Nothing was changed/,
  ],
  [
    'damaged',
    (cluster: string) => truncateSync(join(cluster, 'PG_VERSION'), 0),
    /damaged PG_VERSION.*Nothing was changed/,
  ],
  [
    'without its version',
    (cluster: string) => writeFileSync(join(cluster, 'PG_VERSION'), '\0\0'),
    /damaged PG_VERSION/,
  ],
  [
    'without a readable control file',
    (cluster: string) => truncateSync(join(cluster, 'global', 'pg_control'), 100),
    /did not start.*pg_control.*postgres\.log/,
  ],
])('H6 a database folder that is %s is refused with what to do', async (_title, damage, words) => {
  const dataDir = await makeDataDir();
  const first = await startHere({ dataDir, redis: false });
  await first.stop();
  const cluster = join(dataDir, 'postgres');
  damage(cluster);
  const filesOf = () => readdirSync(cluster, { recursive: true }).filter((name) => name !== 'postmaster.pid');
  const before = filesOf();
  const refused = startHere({ dataDir });
  await expect(refused).rejects.toMatchObject({
    code: 'DATA_FOLDER_UNUSABLE',
    exitCode: 6,
    message: expect.stringMatching(words),
  });
  await expect(refused).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`${cluster}.*VAMBE_DATA_DIR`)),
  });
  expect(filesOf()).toEqual(before);
});

test('H6 a folder in the place of the database that holds something else is left as it is', async () => {
  const dataDir = await makeDataDir();
  mkdirSync(join(dataDir, 'postgres'), { recursive: true });
  writeFileSync(join(dataDir, 'postgres', 'thesis.txt'), 'years of work');
  await expect(startHere({ dataDir })).rejects.toMatchObject({
    message: expect.stringMatching(/no PG_VERSION.*Nothing was changed/),
  });
  expect(readdirSync(join(dataDir, 'postgres'))).toEqual(['thesis.txt']);
});

test('a lost password file costs nothing: the database gets a new password', async () => {
  const dataDir = await makeDataDir();
  const first = await startHere({ dataDir });
  await query(first.postgresUrl, 'create table kept as select 1 as value');
  await first.stop();
  writeFileSync(join(dataDir, 'access.json'), '{"postgresPas');
  const second = await startHere({ dataDir });
  expect(second.postgresUrl).not.toBe(first.postgresUrl);
  expect(await query(second.postgresUrl, 'select value from kept')).toEqual([{ value: 1 }]);
});

test('a postmaster.pid that names a live program of somebody else does not keep the database from starting', async () => {
  const dataDir = await makeDataDir();
  const first = await startOwner({ dataDir, redis: false });
  const { postgres, host } = findPids(dataDir);
  const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
  const content = readFileSync(pidFile, 'utf8');
  for (const pid of [first.pid, host, postgres]) process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(postgres)).toBe(false);
  writeFileSync(pidFile, content.replace(/^\d+/, String(process.pid)));
  const second = await startOwner({ dataDir, redis: false });
  expect(await query(second.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a path with spaces, quotes and accents works', async () => {
  const dataDir = join(await makeDataDir(), `año "nuevo" it's`);
  const owner = await startHere({ dataDir });
  expect(await query(owner.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await withRedis(owner.redisUrl, (redis) => redis.ping())).toBe('PONG');
});

function flipByte(file: string): void {
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
}
