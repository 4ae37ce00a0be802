import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createRedis } from '../../src/core/connections/redis.ts';
import { preflight } from '../../src/preflight.ts';
import { checkRedis } from '../../src/services/observe/check-servers.ts';
import { startWorker } from '../../src/worker.ts';
import { redisError, startFaultProxy } from '../helpers/fault-proxy.ts';
import { enqueueMeetings, expectAllDoneOnce } from '../helpers/meeting-jobs.ts';
import { createMemoryLog, type MemoryLog } from '../helpers/memory-log.ts';
import { nameThisMachine } from '../helpers/named-host.ts';
import { startRestartableRedis } from '../helpers/restartable.ts';
import { startApp } from '../helpers/start-app.ts';
import { createStubClassifier } from '../helpers/stub-classifier.ts';
import { useOwnRedisBed } from '../helpers/test-bed.ts';
import { startUntrustedTls } from '../helpers/untrusted-tls.ts';
import { waitFor } from '../helpers/wait-for.ts';

const bed = useOwnRedisBed();
const { started } = bed;

const inDatabase = (url: string, path: string) => {
  const [address = ''] = url.split(/\/\d+$/);
  return `${address}${path}`;
};
const check = (url: string) => checkRedis({ name: 'Redis', url, embedded: false });
const look = (redisUrl: string, log = createMemoryLog()) =>
  preflight({
    postgresUrl: bed.namespace.postgresUrl,
    redisUrls: [redisUrl],
    needsWrites: true,
    patienceMs: 60_000,
    migrates: false,
    log,
  });
const start = (
  settings: Readonly<Record<string, string>>,
  redisUrl = bed.server.url,
  log: MemoryLog = createMemoryLog(),
) =>
  startWorker({
    ...bed.namespace,
    redisUrl,
    config: loadConfig({ REDIS_URL: redisUrl, ...settings }, '').config,
    log,
    classifier: createStubClassifier(),
  });
const downTold = (log: MemoryLog) =>
  waitFor('redis.down', () => log.named('redis.down').find(({ fields }) => fields.code !== undefined));

describe('a database that the bed.server does not have', () => {
  const refusal = {
    code: 'REDIS_REFUSED',
    exitCode: 5,
    message: expect.stringContaining('does not have the database that its URL names (ERR DB index is out of range)'),
  };

  test.each(['/16', '/9999', '?db=16'])('%s ends a start at once, and `check` says the same (O4)', async (path) => {
    const url = inDatabase(bed.server.url, path);
    await expect(look(url)).rejects.toMatchObject(refusal);
    expect((await check(url)).fault).toMatchObject({ code: 'REDIS_REFUSED', exit: 5, error: refusal.message });
  });

  test.each(['CELERY_BROKER_URL', 'CELERY_RESULT_BACKEND'])(
    '%s with one ends a start at once (O4)',
    async (setting) => {
      await expect(start({ [setting]: inDatabase(bed.server.url, '/16') })).rejects.toMatchObject(refusal);
    },
  );

  test.each(['/-1', '/abc', '/1.5', '?db=abc'])(
    '%s is no number of a database: no connection is opened (O4)',
    async (path) => {
      const url = inDatabase(bed.server.url, path);
      await expect(look(url)).rejects.toMatchObject({ code: 'REDIS_REFUSED', exitCode: 5 });
      expect((await check(url)).fault).toMatchObject({ code: 'REDIS_REFUSED', exit: 5 });
      expect(() => createRedis({ url, name: 'tests', use: 'commands' })).toThrow('must be a whole number');
    },
  );

  test('a bed.server that comes back with fewer databases is waited for, and nothing is done in database 0 (O4)', {
    timeout: 120_000,
  }, async () => {
    const restartable = await startRestartableRedis(bed.folder);
    const redisUrl = inDatabase(restartable.url, '/5');
    const app = await startApp({ ...bed.namespace, redisUrl }, { classifier: createStubClassifier() });
    const worker = await app.work({ concurrency: 4, withHousekeeping: true, lists: ['celery'] });
    started.push(async () => {
      await worker.stop(0);
      await app.close();
    });
    await expectAllDoneOnce(app, await enqueueMeetings(app, 5));
    await restartable.end('SIGKILL');
    await restartable.start({ isEmpty: true, args: ['--databases', '4'] });
    const zero = createRedis({ url: restartable.url, name: 'tests', use: 'commands' });
    onTestFinished(() => zero.disconnect());
    await zero.lpush('celery', 'a message of another application');
    const refused = async () =>
      Number(/cmdstat_select:calls=\d+.*failed_calls=(\d+)/.exec(await zero.info('commandstats'))?.[1] ?? 0);
    await waitFor('every connection to be refused some times', async () => (await refused()) > 30, 60_000);
    expect(await zero.keys('*')).toEqual(['celery']);
    expect(await zero.llen('celery')).toBe(1);
    await restartable.end('SIGKILL');
    await restartable.start({ isEmpty: true });
    await expectAllDoneOnce(app, await enqueueMeetings(app, 5));
  });
});

describe('a Redis that takes no writes', () => {
  test('full at the start, it is waited for and told with its words, `check` says the same, and work begins when it has room (O6)', {
    timeout: 60_000,
  }, async () => {
    await bed.outside.redis.config('SET', 'maxmemory', '1mb');
    started.push(() => bed.outside.redis.config('SET', 'maxmemory', '0'));
    const full = /is full \([\d.]+ MiB used of 1\.0 MiB; OOM command not allowed/;
    const log = createMemoryLog();
    const starting = start({}, bed.server.url, log);
    started.push(async () => (await starting).stop());
    expect((await downTold(log)).fields).toMatchObject({ code: 'REDIS_FULL', error: expect.stringMatching(full) });
    expect((await check(bed.server.url)).fault).toMatchObject({
      code: 'REDIS_FULL',
      exit: 5,
      error: expect.stringMatching(full),
    });
    await bed.outside.redis.config('SET', 'maxmemory', '0');
    await starting;
    expect(log.named('redis.back')).toHaveLength(1);
    await expectAllDoneOnce(bed.outside, await enqueueMeetings(bed.outside, 5));
  });

  test('full between the look at it and the first work, it is waited for as well (O6)', {
    timeout: 60_000,
  }, async () => {
    started.push(() => bed.outside.redis.config('SET', 'maxmemory', '0'));
    const log = createMemoryLog();
    const worker = await startWorker({
      ...bed.namespace,
      redisUrl: bed.server.url,
      config: loadConfig({}, '').config,
      log,
      classifier: createStubClassifier(),
      prepare: async () => void (await bed.outside.redis.config('SET', 'maxmemory', '1mb')),
    });
    started.push(() => worker.stop());
    const ids = await enqueueMeetings(bed.outside, 5);
    expect((await downTold(log)).fields).toMatchObject({ code: 'REDIS_FULL' });
    await bed.outside.redis.config('SET', 'maxmemory', '0');
    await expectAllDoneOnce(bed.outside, ids);
  });

  test.each([
    'MISCONF Redis is configured to save RDB snapshots',
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script',
    'MASTERDOWN Link with MASTER is down',
    'NOREPLICAS Not enough good replicas to write',
    'ERR a reply of another version',
  ])('"%s" at the start is waited for, and its words are told there and by `check` (O6)', async (words) => {
    const proxy = await startFaultProxy(bed.server.url);
    proxy.answer('\r\nset\r\n', redisError(words));
    const log = createMemoryLog();
    const looking = look(proxy.url, log);
    expect((await downTold(log)).fields).toMatchObject({
      code: 'REDIS_UNREACHABLE',
      error: expect.stringContaining(words),
    });
    expect((await check(proxy.url)).fault).toMatchObject({
      code: 'REDIS_UNREACHABLE',
      error: expect.stringContaining(words),
    });
    await proxy.pass();
    expect(await looking).toMatchObject({ redis: [{ evictionPolicy: 'noeviction' }] });
  });

  test.each([
    ['NOPERM this user has no permissions', 'lets this user do too little'],
    ['NOAUTH Authentication required', 'wants a password'],
    ['WRONGPASS invalid username-password pair', 'refused the user or password'],
  ])('"%s" ends a start at once, in words of its own (O6)', async (words, ours) => {
    const proxy = await startFaultProxy(bed.server.url);
    proxy.answer('\r\nset\r\n', redisError(words));
    const message = expect.stringContaining(`${ours} (${words})`);
    await expect(look(proxy.url)).rejects.toMatchObject({ code: 'REDIS_REFUSED', exitCode: 5, message });
    expect((await check(proxy.url)).fault).toMatchObject({ code: 'REDIS_REFUSED', error: message });
  });

  test('a replica is waited for until it is a primary (O6)', async () => {
    await bed.outside.redis.replicaof('127.0.0.1', '1');
    started.push(() => bed.outside.redis.replicaof('NO', 'ONE'));
    const log = createMemoryLog();
    const looking = look(bed.server.url, log);
    const message = expect.stringContaining("is a replica and takes no writes (READONLY You can't write against");
    expect((await downTold(log)).fields).toMatchObject({ code: 'REDIS_UNREACHABLE', error: message });
    expect((await check(bed.server.url)).fault).toMatchObject({ code: 'REDIS_UNREACHABLE', error: message });
    await bed.outside.redis.replicaof('NO', 'ONE');
    await looking;
  });

  test('without a free connection it is waited for, and maxclients is named (O6)', async () => {
    await bed.outside.redis.config('SET', 'maxclients', '1');
    started.push(() => bed.outside.redis.config('SET', 'maxclients', '10000'));
    const log = createMemoryLog();
    const looking = look(bed.server.url, log);
    const message = expect.stringContaining('has no free connection (maxclients) (ERR max number of clients reached)');
    expect((await downTold(log)).fields).toMatchObject({ code: 'REDIS_UNREACHABLE', error: message });
    await bed.outside.redis.config('SET', 'maxclients', '10000');
    await looking;
  });
});

describe('names and certificates', () => {
  test('a host name that does not resolve while jobs run is told once with its code, and no job fails (O1)', {
    timeout: 60_000,
  }, async () => {
    const host = nameThisMachine('redis.test');
    const proxy = await startFaultProxy(bed.server.url);
    const app = await startApp(
      { ...bed.namespace, redisUrl: host.at(proxy.url) },
      { classifier: createStubClassifier() },
    );
    const worker = await app.work({ concurrency: 4, withHousekeeping: true });
    started.push(async () => {
      await worker.stop(0);
      await app.close();
    });
    await expectAllDoneOnce(bed.outside, await enqueueMeetings(bed.outside, 5));
    host.fail('EAI_AGAIN');
    proxy.cut();
    const tried = () => app.log.named('redis.down').length > 0;
    await waitFor('redis.down', tried);
    const ids = await enqueueMeetings(bed.outside, 20);
    const untilMs = performance.now() + 4_000;
    await waitFor('some tries', () => performance.now() > untilMs);
    host.mend();
    await expectAllDoneOnce(bed.outside, ids);
    expect(app.log.named('redis.down')).toHaveLength(1);
    expect([...app.log.named('queue.error'), ...app.log.named('job.retry'), ...app.log.named('job.failed')]).toEqual(
      [],
    );
  });

  test('a start waits for a host name that does not resolve yet (O1)', async () => {
    const host = nameThisMachine('redis.test');
    host.fail('EAI_AGAIN');
    const log = createMemoryLog();
    const looking = look(host.at(bed.server.url), log);
    expect((await downTold(log)).fields).toMatchObject({
      code: 'REDIS_UNREACHABLE',
      error: expect.stringContaining('EAI_AGAIN: its host name cannot be resolved now'),
    });
    host.mend();
    await looking;
  });

  test('a certificate that is not trusted ends a start at once, and `check` says the same (O1)', async () => {
    const url = `rediss://127.0.0.1:${await startUntrustedTls()}/0`;
    const message = expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT: its certificate is self-signed');
    await expect(look(url)).rejects.toMatchObject({ code: 'REDIS_REFUSED', exitCode: 5, message });
    expect((await check(url)).fault).toMatchObject({ code: 'REDIS_REFUSED', exit: 5, error: message });
  });
});
