/** Database users with too few rights, databases of another encoding and tables in another schema: told at the start, with what to run. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../src/core/connections/database.ts';
import { preflight } from '../../src/preflight.ts';
import { checkDatabase } from '../../src/services/observe/check-servers.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createNamespace } from '../helpers/namespace.ts';

let users = 0;

/** A migrated database, and a user of it with the rights of docs/operations/servers.md. */
async function openBed() {
  const namespace = await createNamespace();
  const owner = createDatabase({ url: namespace.postgresUrl, poolSize: 1, applicationName: 'tests' });
  const sql = (text: string) => owner.run<Record<string, unknown>>({ name: '', text }, []);
  users += 1;
  const user = `worker_${process.pid}_${users}`;
  await sql(`create role ${user} login password 'only-for-tests'`);
  await sql(`grant usage on schema public, vambe_worker to ${user};
grant select, insert, update on meetings, clients, sellers, meetings_classifications to ${user};
grant select, insert, update, delete on all tables in schema vambe_worker to ${user};
grant usage on all sequences in schema public, vambe_worker to ${user};`);
  onTestFinished(async () => {
    await sql(`drop owned by ${user}; drop role ${user}`);
    await owner.close();
    await namespace.close();
  });
  const url = new URL(namespace.postgresUrl);
  url.username = user;
  url.password = 'only-for-tests';
  const check = () =>
    preflight({
      postgresUrl: url.href,
      redisUrls: [],
      patienceMs: 0,
      migrates: false,
      needsWrites: true,
      log: createMemoryLog(),
    });
  return { sql, user, url: url.href, check };
}

describe('a database user', () => {
  test('with the rights that the page on servers lists may work (O11)', async () => {
    await expect((await openBed()).check()).resolves.toMatchObject({ schema: { version: expect.any(Number) } });
  });

  test.each([
    ['revoke insert on meetings_classifications from', 'INSERT ON TABLE public.meetings_classifications'],
    ['revoke select on sellers from', 'SELECT ON TABLE public.sellers'],
    ['revoke update, delete on vambe_worker.jobs from', 'UPDATE, DELETE ON TABLE vambe_worker.jobs'],
    ['revoke usage on schema vambe_worker from', 'USAGE ON SCHEMA vambe_worker'],
    ['revoke usage on sequence vambe_worker.runs_id_seq from', 'USAGE ON SEQUENCE vambe_worker.runs_id_seq'],
  ])(
    'after "%s …" is told which right is missing, and the GRANT that was given mends it (O11)',
    async (revoke, right) => {
      const { sql, user, url, check } = await openBed();
      await sql(`${revoke} ${user}`);
      const grant = `GRANT ${right} TO "${user}";`.replace('UPDATE, DELETE', 'DELETE, UPDATE');
      await expect(check()).rejects.toMatchObject({
        code: 'DATABASE_REFUSED',
        exitCode: 5,
        message: expect.stringContaining(grant),
      });
      const { fault } = await checkDatabase({ url, embedded: false, labelsWithoutValue: 'auto' });
      expect(fault?.error).toContain(grant);
      await sql(grant);
      await expect(check()).resolves.toBeDefined();
    },
  );
});

test('a database in LATIN1 is refused by check and at the start, with what to do (O10)', async () => {
  const namespace = await createNamespace();
  const name = `latin_${process.pid}`;
  const admin = createDatabase({ url: namespace.postgresUrl, poolSize: 1, applicationName: 'tests' });
  const run = (text: string) => admin.run({ name: '', text }, []);
  await run(`create database ${name} encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`);
  onTestFinished(async () => {
    await run(`drop database ${name} with (force)`);
    await admin.close();
    await namespace.close();
  });
  const url = new URL(namespace.postgresUrl);
  url.pathname = `/${name}`;
  await expect(
    preflight({ postgresUrl: url.href, redisUrls: [], patienceMs: 0, migrates: true, log: createMemoryLog() }),
  ).rejects.toMatchObject({ code: 'DATABASE_UNSUITABLE', message: expect.stringContaining('LATIN1') });
  const { fault } = await checkDatabase({ url: url.href, embedded: false, labelsWithoutValue: 'auto' });
  expect(fault?.code).toBe('DATABASE_UNSUITABLE');
});

test("the API's tables in another schema are named, and no empty ones are made in public (O9)", async () => {
  const { sql, check } = await openBed();
  await sql(`create schema sales; alter table meetings_classifications set schema sales; alter table meetings set schema sales;
alter table clients set schema sales; alter table sellers set schema sales;`);
  onTestFinished(async () => void (await sql('drop schema sales cascade')));
  const options = { redisUrls: [], patienceMs: 0, log: createMemoryLog() };
  await expect(check()).rejects.toMatchObject({
    code: 'API_TABLES_MISSING',
    message: expect.stringContaining('are in the schema "sales" of this database'),
  });
  const [row] = await sql('select current_database() as name');
  expect(row?.name).toBeTruthy();
  const owned = new URL((await createNamespaceUrl()).href);
  owned.pathname = `/${String(row?.name)}`;
  await expect(
    preflight({ ...options, postgresUrl: owned.href, migrates: true, createsApiTables: true }),
  ).rejects.toMatchObject({ message: expect.stringContaining('"sales"') });
  expect(await sql(`select 1 from pg_tables where schemaname = 'public' and tablename = 'meetings'`)).toEqual([]);
});

async function createNamespaceUrl(): Promise<URL> {
  const namespace = await createNamespace({ migrated: false });
  onTestFinished(() => namespace.close());
  return new URL(namespace.postgresUrl);
}
