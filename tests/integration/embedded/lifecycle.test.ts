import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startEmbedded } from '../../../src/embedded/embedded.ts';
import { findPids, isRunning, makeDataDir, query, startHere, startOwner, withRedis } from './owner.ts';

test('rows and keys are there after a stop and a new start, at the same addresses', async () => {
  const dataDir = await makeDataDir();
  const first = await startHere({ dataDir });
  await query(first.postgresUrl, 'create table kept as select 7 as value');
  await withRedis(first.redisUrl, (redis) => redis.set('kept', 'yes'));
  const { host, broker, postgres } = findPids(dataDir);
  await Promise.all([first.stop(), first.stop()]);
  expect([host, broker, postgres].filter(isRunning)).toEqual([]);
  for (const name of ['runtime.json', 'servers.json', 'host.lock']) expect(existsSync(join(dataDir, name))).toBe(false);

  const second = await startHere({ dataDir });
  expect(await query(second.postgresUrl, 'select value from kept')).toEqual([{ value: 7 }]);
  expect(await withRedis(second.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
  expect([second.postgresUrl, second.redisUrl]).toEqual([first.postgresUrl, first.redisUrl]);
});

test('the database knows accents: lower case, comparison and order of Spanish names', async () => {
  const { postgresUrl } = await startHere({ dataDir: await makeDataDir(), redis: false });
  const [row] = await query(
    postgresUrl,
    `select current_database() as database, lower('Á') as lower, 'Á' ilike 'á' as same,
            (select array_agg(name order by name) from unnest(array['Zapata', 'alvarado', 'Álvarez']) name) as names`,
  );
  expect(row).toEqual({ database: 'vambe', lower: 'á', same: true, names: ['alvarado', 'Álvarez', 'Zapata'] });
});

test('a server that is not asked for is not started; the broker is bounded to 512 MB and evicts nothing', async () => {
  const dataDir = await makeDataDir();
  const { redisUrl } = await startHere({ dataDir, postgres: false });
  expect(JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')).postgresUrl).toBeNull();
  expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
  const settings = await withRedis(redisUrl, (redis) => redis.config('GET', 'maxmemory*'));
  expect(settings).toEqual(expect.arrayContaining(['536870912', 'noeviction']));
});

test('nothing is started when nothing is asked for', async () => {
  const dataDir = await makeDataDir();
  const servers = await startEmbedded({ dataDir, postgres: false, redis: false, broker: 'wasm' });
  expect(servers).toMatchObject({ postgresUrl: null, redisUrl: null });
  expect(existsSync(dataDir)).toBe(false);
});

test('a second process attaches, and its stop leaves the servers alone', async () => {
  const dataDir = await makeDataDir();
  const owner = await startHere({ dataDir });
  const guest = await startOwner({ dataDir });
  expect(guest).toMatchObject({ attached: true, postgresUrl: owner.postgresUrl, redisUrl: owner.redisUrl });
  await guest.stop();
  expect(await withRedis(owner.redisUrl, (redis) => redis.ping())).toBe('PONG');
  expect(await query(owner.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('attaching to servers that lack the one that is needed is refused, and says by whom', async () => {
  const dataDir = await makeDataDir();
  await startHere({ dataDir, postgres: false });
  const refused = startEmbedded({ dataDir, postgres: true, redis: true, broker: 'wasm' });
  await expect(refused).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE', exitCode: 6 });
  await expect(refused).rejects.toThrow(
    new RegExp(`process ${findPids(dataDir).host}.*without the embedded PostgreSQL`),
  );
});

test('of many starts at once one owns the servers and the others attach to it', async () => {
  const dataDir = await makeDataDir();
  const all = await Promise.all(Array.from({ length: 5 }, () => startOwner({ dataDir })));
  expect(all.filter(({ attached }) => !attached)).toHaveLength(1);
  expect(new Set(all.map(({ redisUrl }) => redisUrl)).size).toBe(1);
  await Promise.all(all.filter(({ attached }) => attached).map((guest) => guest.stop()));
});

test('a start that meets a stop waits for it and then owns the servers', async () => {
  const dataDir = await makeDataDir();
  const first = await startHere({ dataDir });
  const stopped = first.stop();
  const second = await startHere({ dataDir });
  await stopped;
  expect(second.attached).toBe(false);
  expect(await withRedis(second.redisUrl, (redis) => redis.ping())).toBe('PONG');
});

test('H9 both servers refuse a stranger, listen on the loopback alone, and their passwords are for the owner only', async () => {
  const dataDir = await makeDataDir();
  const { postgresUrl, redisUrl } = await startHere({ dataDir });
  for (const name of ['runtime.json', 'access.json', 'servers.json']) {
    expect(statSync(join(dataDir, name)).mode & 0o077).toBe(0);
  }
  expect(await askWithoutPassword(Number(new URL(redisUrl).port), 'GET x')).toMatch(/^-NOAUTH/);
  const wrong = new URL(postgresUrl);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });

  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const foreign = addresses.find(({ internal, family }) => !internal && family === 'IPv4');
  for (const url of [postgresUrl, redisUrl]) {
    const port = Number(new URL(url).port);
    if (foreign) expect(await canConnect(foreign.address, port)).toBe(false);
    expect(await canConnect('127.0.0.1', port)).toBe(true);
  }
});

test('the folder keeps itself out of version control', async () => {
  const dataDir = await makeDataDir();
  await startHere({ dataDir, postgres: false });
  expect(readFileSync(join(dataDir, '.gitignore'), 'utf8')).toBe('*\n');
});

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function askWithoutPassword(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', reject);
    socket.once('connect', () => socket.write(`${command}\r\n`));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
  });
}
