/** What a start refuses, waits for and warns of. */
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createDatabase } from '../../src/core/connections/database.ts';
import { createRedis } from '../../src/core/connections/redis.ts';
import { migrateDatabase } from '../../src/models/schema-check.ts';
import { type PreflightOptions, preflight } from '../../src/preflight.ts';
import { startWorker } from '../../src/worker.ts';
import { apiMigrations, apiRows } from '../helpers/api-database.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { createStubClassifier } from '../helpers/stub-classifier.ts';
import { waitFor } from '../helpers/wait-for.ts';

const secret = 'wrong-secret-word';
/** The migration that adds a column to a table that is there. */
const isLater = (migration: string) => migration.includes('alter table sellers add column prompt');

export function describePreflight(servers: string): void {
  describe(`preflight on ${servers}`, () => {
    let namespace: Namespace;
    beforeAll(async () => {
      namespace = await createNamespace();
    });
    afterAll(() => namespace?.close());

    const check = ({ redisUrl, ...options }: Partial<PreflightOptions> & { redisUrl?: string } = {}) =>
      preflight({
        postgresUrl: namespace.postgresUrl,
        redisUrls: [redisUrl ?? namespace.redisUrl],
        patienceMs: 0,
        migrates: false,
        log: createMemoryLog(),
        ...options,
      });
    const changed = (url: string, change: (url: URL) => void) => {
      const copy = new URL(url);
      change(copy);
      return copy.href;
    };
    const openDatabase = (url: string) =>
      createDatabase({ url, poolSize: 1, prepared: false, applicationName: 'tests' });
    const sql = async (url: string, text: string) => {
      const database = openDatabase(url);
      await database.run({ name: '', text }, []).finally(() => database.close());
    };
    const freshDatabase = async (options?: { migrated?: boolean }) => {
      const fresh = await createNamespace(options);
      onTestFinished(() => fresh.close());
      return fresh.postgresUrl;
    };
    /** The refusal, with its exit code; its words never hold the password. */
    const refusal = async (run: Promise<unknown>) => {
      const error = await run.then(
        () => undefined,
        (reason: unknown) => reason as { code: string; exitCode: number; message: string },
      );
      expect(error?.message).not.toContain(secret);
      return error;
    };

    test('tells versions, latency and the eviction policy of servers that fit', async () => {
      const report = await check();
      expect(report.database).toMatchObject({ version: expect.stringMatching(/^15\./), latencyMs: expect.any(Number) });
      expect(report.schema.isTableOfApi).toBe(false);
      expect(report.redis).toMatchObject([
        { version: expect.stringMatching(/^\d+\.\d+\.\d+/), evictionPolicy: 'noeviction' },
      ]);
    });

    test('B8 a password that Redis refuses ends it at once', async () => {
      const redisUrl = changed(namespace.redisUrl, (url) => {
        url.password = secret;
      });
      expect(await refusal(check({ redisUrl, patienceMs: 60_000 }))).toMatchObject({
        code: 'REDIS_REFUSED',
        exitCode: 5,
      });
    });

    test('B8 a missing password ends it at once', async () => {
      const redisUrl = changed(namespace.redisUrl, (url) => {
        url.password = '';
        url.username = '';
      });
      expect(await refusal(check({ redisUrl, patienceMs: 60_000 }))).toMatchObject({
        code: 'REDIS_REFUSED',
        exitCode: 5,
      });
    });

    test.each([
      [
        'password',
        (url: URL) => {
          url.password = secret;
        },
      ],
      [
        'user',
        (url: URL) => {
          url.username = 'nobody_here';
        },
      ],
      [
        'database',
        (url: URL) => {
          url.pathname = '/no_such_database';
        },
      ],
    ])('C13 a %s that PostgreSQL refuses ends it at once', async (_what, change) => {
      const postgresUrl = changed(namespace.postgresUrl, change);
      expect(await refusal(check({ postgresUrl, patienceMs: 60_000 }))).toMatchObject({
        code: 'DATABASE_REFUSED',
        exitCode: 5,
      });
    });

    test('B10 what answers HTTP is not Redis', async () => {
      const port = await listen(createServer((_request, reply) => reply.end('hello')));
      expect(
        await refusal(check({ redisUrl: `redis://:${secret}@127.0.0.1:${port}`, patienceMs: 60_000 })),
      ).toMatchObject({
        code: 'REDIS_UNSUITABLE',
        exitCode: 5,
      });
    });

    test.each([
      ['an old version', 'redis_version:6.0.16', /version 6\.0\.16; at least 6\.2 is needed/],
      ['cluster mode', 'redis_version:7.2.0\r\ncluster_enabled:1', /cluster mode/],
    ])('B10 a Redis of %s is refused with what is needed', async (_what, info, words) => {
      const port = await listen(createFakeRedis(info));
      expect(await refusal(check({ redisUrl: `redis://127.0.0.1:${port}` }))).toMatchObject({
        code: 'REDIS_UNSUITABLE',
        exitCode: 5,
        message: expect.stringMatching(words),
      });
    });

    test('B7 a Redis that may evict jobs is used, with a warning', async () => {
      const port = await listen(createFakeRedis('redis_version:7.0.1\r\nmaxmemory_policy:allkeys-lru'));
      const log = createMemoryLog();
      await check({ redisUrl: `redis://127.0.0.1:${port}`, log });
      expect(log.named('redis.may_evict')).toMatchObject([{ level: 'warn', fields: { policy: 'allkeys-lru' } }]);
    });

    test('a server that does not answer is told and given up after the patience', async () => {
      const error = await refusal(check({ redisUrl: 'redis://127.0.0.1:1' }));
      expect(error).toMatchObject({
        code: 'REDIS_UNREACHABLE',
        exitCode: 5,
        message: expect.stringContaining('ECONNREFUSED'),
      });
      const nobody = changed(namespace.postgresUrl, (url) => {
        url.port = '1';
      });
      expect(await refusal(check({ postgresUrl: nobody }))).toMatchObject({
        code: 'DATABASE_UNREACHABLE',
        exitCode: 5,
      });
    });

    test('B1 C1 a server that does not answer yet is waited for, told once', async () => {
      const log = createMemoryLog();
      const controller = new AbortController();
      const waiting = refusal(
        check({ redisUrl: 'redis://127.0.0.1:1', patienceMs: 600_000, log, signal: controller.signal }),
      );
      await waitFor('the warning', () => log.named('redis.down').length === 1);
      expect(log.named('redis.down')[0]?.fields).toMatchObject({
        code: 'REDIS_UNREACHABLE',
        next: 'trying again every 2 s',
      });
      controller.abort();
      expect(await waiting).toMatchObject({ code: 'REDIS_UNREACHABLE' });
      expect(log.named('redis.down')).toHaveLength(1);
    });

    test('C12 an older schema is refused with versions and command', async () => {
      const postgresUrl = await freshDatabase({ migrated: false });
      expect(await refusal(check({ postgresUrl }))).toMatchObject({
        code: 'SCHEMA_OUTDATED',
        exitCode: 5,
        message: expect.stringMatching(/at version 0, this build needs \d+\. Run "vambe migrate", then start again\./),
      });
    });

    test('C12 a newer schema is refused, by a migration too', async () => {
      const postgresUrl = await freshDatabase();
      await sql(
        postgresUrl,
        `insert into vambe_worker.migrations (hash, created_at) values ('from the future', 4102444800000)`,
      );
      expect(await refusal(check({ postgresUrl }))).toMatchObject({ code: 'SCHEMA_TOO_NEW', exitCode: 5 });
      expect(await refusal(check({ postgresUrl, migrates: true }))).toMatchObject({ code: 'SCHEMA_TOO_NEW' });
    });

    test('C12 two processes that migrate at once both succeed', async () => {
      const postgresUrl = await freshDatabase({ migrated: false });
      const reports = await Promise.all(
        [1, 2, 3].map(() => check({ postgresUrl, migrates: true, createsApiTables: true })),
      );
      expect(new Set(reports.map(({ schema }) => schema.version)).size).toBe(1);
    });

    test("C14 every difference of the API's tables is listed; extra columns are not", async () => {
      const postgresUrl = await freshDatabase();
      await sql(
        postgresUrl,
        `alter table public.meetings rename column transcript to body; alter table public.clients alter column phone type integer using 1;
         alter table public.meetings add column mood text; alter table public.sellers drop column prompt`,
      );
      const error = await refusal(check({ postgresUrl }));
      expect(error).toMatchObject({ code: 'SCHEMA_DIFFERS', exitCode: 5 });
      expect(error?.message).toContain('column meetings.transcript is missing');
      expect(error?.message).toContain('column clients.phone is integer, expected varchar(255)');
      expect(error?.message).not.toMatch(/mood|prompt/);
    });

    describe("a database without the API's tables", () => {
      const withoutApi = async () => {
        const fresh = await createNamespace({ migrated: false });
        onTestFinished(() => fresh.close());
        const database = openDatabase(fresh.postgresUrl);
        await migrateDatabase(database, { createsApiTables: false }).finally(() => database.close());
        return fresh;
      };
      const missing = { code: 'API_TABLES_MISSING', exitCode: 5 };

      test('is refused by a command at once, in one sentence and without a log line (S2)', async () => {
        const { postgresUrl } = await withoutApi();
        const log = createMemoryLog();
        const error = await refusal(check({ postgresUrl, patienceMs: 600_000, log }));
        expect(error).toMatchObject(missing);
        expect(error?.message).toMatch(/^The API's tables are not there yet \(clients, sellers, meetings, [^.]+\.$/);
        expect(log.events).toEqual([]);
      });

      test('is not given them by a migration that was not asked for them (S2)', async () => {
        const { postgresUrl } = await withoutApi();
        expect(await refusal(check({ postgresUrl, migrates: true }))).toMatchObject(missing);
        expect((await check({ postgresUrl, migrates: true, createsApiTables: true })).schema.isTableOfApi).toBe(false);
      });

      test('makes a worker wait until the stop, without a time limit of its own (S2)', async () => {
        const { postgresUrl } = await withoutApi();
        const [log, controller] = [createMemoryLog(), new AbortController()];
        const { signal } = controller;
        const waiting = refusal(check({ postgresUrl, waitsForApiTables: true, log, signal }));
        await waitFor('the warning', () => log.named('database.tables_missing').length === 1);
        controller.abort();
        expect(await waiting).toMatchObject(missing);
        expect(log.named('database.tables_missing')).toHaveLength(1);
      });

      test('makes a worker wait, which starts when the API has migrated and reads what its later migrations add (S2)', async () => {
        const fresh = await withoutApi();
        const [log, classifier] = [createMemoryLog(), createStubClassifier()];
        const starting = startWorker({ ...fresh, config: loadConfig({}, '').config, log, classifier });
        await waitFor('the warning', () => log.named('database.tables_missing').length > 0);
        const [later, ...atOnce] = [...apiMigrations].sort((a, b) => Number(isLater(b)) - Number(isLater(a)));
        await sql(fresh.postgresUrl, atOnce.join('\n'));
        const worker = await starting;
        onTestFinished(() => worker.stop());
        expect(log.named('database.tables_missing')).toMatchObject([
          { level: 'warn', fields: { code: 'API_TABLES_MISSING', next: 'trying again every 2 s' } },
        ]);
        expect(log.named('database.back')).toHaveLength(1);
        const [first, second] = [() => classifier.calls[0], () => classifier.calls[1]];
        const ask = (meetingId: number) =>
          worker.app.enqueuer.enqueue([{ task: 'classify_meeting', args: [meetingId], origin: 'tests' }]);
        await sql(fresh.postgresUrl, apiRows);
        await ask(1);
        expect(await waitFor('the first meeting', first)).toMatchObject({ sellerPrompt: null });
        await sql(fresh.postgresUrl, `${later}; update sellers set prompt = 'She sells to clinics.'`);
        await ask(2);
        expect(await waitFor('the second meeting', second)).toMatchObject({ sellerPrompt: 'She sells to clinics.' });
      });
    });

    test('a misspelt queue is a wrong usage; names of Celery lists are not', async () => {
      const start = (queues: string[]) =>
        startWorker({ ...namespace, config: loadConfig({}, '').config, log: createMemoryLog(), queues });
      expect(await refusal(start(['clasification']))).toMatchObject({ code: 'USAGE', exitCode: 2 });
      // A connection that is left would tell of the servers' end as an outage.
      await waitFor('the connections to be closed', async () => (await countConnections(namespace.redisUrl)) === 0);
      const worker = await start(['default', 'celery']);
      await worker.stop();
    });
  });
}

/** Those of a product's process to a Redis database. */
async function countConnections(redisUrl: string): Promise<number> {
  const redis = createRedis({ url: redisUrl, name: 'tests', use: 'commands' });
  const clients = String(await redis.client('LIST').finally(() => redis.disconnect()));
  const own = ` db=${new URL(redisUrl).pathname.slice(1)} `;
  return clients.split('\n').filter((client) => client.includes(own) && !client.includes(' name=tests ')).length;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers INFO with these lines and everything else with OK. */
function createFakeRedis(info: string): Server {
  return createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const command of bytes.toString().split(/(?=\*\d+\r\n\$)/)) {
        const isInfo = /\r\ninfo\r\n/i.test(command);
        socket.write(isInfo ? `$${Buffer.byteLength(info)}\r\n${info}\r\n` : '+OK\r\n');
      }
    });
  });
}
