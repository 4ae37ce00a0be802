/** A database that the API made and owns: our migrations and our work leave its tables as they are. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/core/connections/database.ts';
import { checkSchema, migrateDatabase } from '../../src/models/schema-check.ts';
import { apiMigrations, apiRows, apiSchema } from '../helpers/api-database.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, readDocument, startApp } from '../helpers/start-app.ts';
import { waitFor } from '../helpers/wait-for.ts';

export interface ExistingDatabaseOptions {
  /** The schema `public` as text, where a tool for it is installed. */
  readonly dump?: (postgresUrl: string) => Promise<string>;
}

/** What the catalogue says of `public`: columns, constraints, indexes. */
const catalogue = `
select coalesce(json_agg(line order by line), '[]') as lines from (
  select format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as line from information_schema.columns where table_schema = 'public'
  union all select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
  union all select indexdef from pg_indexes where schemaname = 'public'
  union all select format('%s %s', relname, relkind) from pg_class where relnamespace = 'public'::regnamespace
) lines`;

async function readCatalogue(database: Database): Promise<unknown> {
  const [row] = await database.run<{ lines: unknown }>({ name: '', text: catalogue }, []);
  return row?.lines;
}

export function describeExistingDatabase(servers: string, { dump }: ExistingDatabaseOptions = {}): void {
  describe(`a database of the API on ${servers}`, () => {
    let namespace: Namespace;
    let database: Database;

    beforeEach(async () => {
      namespace = await createNamespace({ migrated: false });
      database = createDatabase({ url: namespace.postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
    });
    afterEach(async () => {
      await database.close();
      await namespace.close();
    });

    const migrate = () => migrateDatabase(database, { createsApiTables: false });
    const sql = <Row>(text: string) => database.run<Row>({ name: '', text }, []);
    const describePublic = async () => ({
      catalogue: await readCatalogue(database),
      dump: await dump?.(namespace.postgresUrl),
    });
    /** Classifies what is there, and everything again by force. */
    const work = async () => {
      const app = await startApp(namespace);
      const worker = await app.work();
      try {
        const taskIds = [await app.ask({ args: [1] }), await app.ask({ args: [2, true] })];
        for (const taskId of taskIds) await app.rowIn(taskId, 'completed');
        await waitFor(
          'the document',
          async () => (await readDocument(app, `celery-task-meta-${taskIds[1]}`))?.status === 'SUCCESS',
        );
        return await query(
          app,
          'select meeting_id, model_used from public.meetings_classifications order by meeting_id',
        );
      } finally {
        await worker.stop();
        await app.close();
      }
    };
    const classified = [
      { meeting_id: 1, model_used: expect.stringContaining('offline') },
      { meeting_id: 2, model_used: expect.stringContaining('offline') },
    ];

    test('C12 is migrated and worked on without a change to its tables', async () => {
      await sql(apiSchema);
      await sql(apiRows);
      const before = await describePublic();
      expect(await migrate()).toMatchObject({ from: 0, createdTables: [], missingTables: [] });
      expect(await describePublic()).toEqual(before);
      expect(await work()).toEqual(classified);
      expect(await describePublic()).toEqual(before);
      expect(await sql('select email, password from users')).toEqual([
        { email: 'admin@example.com', password: 'hash' },
      ]);
    });

    test('C14 of before sellers.prompt works too', async () => {
      await sql(apiSchema);
      await sql('alter table sellers drop column prompt');
      await sql(apiRows);
      const before = await describePublic();
      await migrate();
      expect(await work()).toEqual(classified);
      expect(await describePublic()).toEqual(before);
    });

    test('is migrated once: a second time changes nothing', async () => {
      await sql(apiSchema);
      const { to } = await migrate();
      expect(await migrate()).toMatchObject({ from: to, to });
    });

    test('may have some of the tables only: the others are named, and made only when asked for (S2)', async () => {
      await sql(apiSchema);
      await sql('drop table meetings_classifications');
      const before = await describePublic();
      expect(await migrate()).toMatchObject({ createdTables: [], missingTables: ['meetings_classifications'] });
      expect(await describePublic()).toEqual(before);
      await expect(checkSchema(database)).rejects.toMatchObject({
        code: 'API_TABLES_MISSING',
        exitCode: 5,
        message: expect.stringMatching(/^The API's tables are not there yet \(meetings_classifications\): [^.]+\.$/),
      });
      const report = await migrateDatabase(database, { createsApiTables: true });
      expect(report).toMatchObject({ createdTables: ['meetings_classifications'], missingTables: [] });
      expect(await checkSchema(database)).toMatchObject({ version: report.to });
    });

    test.each([
      ['before the API migrates', 'first'],
      ['after the API has migrated', 'last'],
      ["between two of the API's migrations", 'between'],
    ])('leaves the schema that the API alone would make when it is migrated %s (S2)', async (_when, order) => {
      const alone = await createNamespace({ migrated: false });
      const other = createDatabase({ url: alone.postgresUrl, poolSize: 1, prepared: false, applicationName: 'tests' });
      try {
        for (const text of apiMigrations) await other.run({ name: '', text }, []);
        if (order === 'first') await migrate();
        for (const [at, text] of apiMigrations.entries()) {
          if (order === 'between' && at === 2) await migrate();
          await sql(text);
        }
        await migrate();
        expect(await describePublic()).toEqual({
          catalogue: await readCatalogue(other),
          dump: await dump?.(alone.postgresUrl),
        });
        expect(await sql("select 1 as found from pg_namespace where nspname = 'vambe_worker'")).toHaveLength(1);
        await sql(apiRows);
        expect(await work()).toEqual(classified);
      } finally {
        await other.close();
        await alone.close();
      }
    });

    test('may be emptied by TRUNCATE … CASCADE while a worker runs, and is worked on again', async () => {
      await sql(apiSchema);
      await sql(apiRows);
      await migrate();
      const app = await startApp(namespace);
      const worker = await app.work();
      try {
        await app.rowIn(await app.ask({ args: [1] }), 'completed');
        await sql('truncate meetings restart identity cascade');
        const gone = await app.ask({ args: [1] });
        await query(app, `update vambe_worker.jobs set accepted_at = now() - interval '1 minute' where task_id = $1`, [
          gone,
        ]);
        expect(await app.rowIn(gone, 'failed')).toMatchObject({ error_code: 'MEETING_NOT_FOUND' });
        await sql(
          `insert into meetings (client_id, seller_id, meeting_at, transcript) values (1, 1, now(), 'Queremos vender más por Instagram.')`,
        );
        await app.rowIn(await app.ask({ args: [1] }), 'completed');
        expect(await query(app, 'select count(*)::int from public.meetings_classifications')).toEqual([{ count: 1 }]);
      } finally {
        await worker.stop();
        await app.close();
      }
    });

    test('purge_expired clears our rows of meetings that are gone, and jobs past their retention', async () => {
      await sql(apiSchema);
      await sql(apiRows);
      await migrate();
      await work();
      await sql(
        `delete from meetings where id = 1; update vambe_worker.jobs set accepted_at = now() - interval '31 days', finished_at = now() - interval '31 days' where meeting_id = 2`,
      );
      await sql(
        `insert into vambe_worker.llm_calls (at, meeting_id, model, outcome, latency_ms) select now() - age * interval '1 day', 2, 'm', 'whole', 1 from unnest(array[0, 29, 31, 400]) as age;
         insert into vambe_worker.llm_replies (key, meeting_id, model, reply, created_at) select key, 2, 'm', '{}', now() - interval '31 days' from unnest(array['hash', 'hash:7']) as key;
         insert into vambe_worker.llm_replies (key, meeting_id, model, reply) values ('hash:8', 2, 'm', '{}')`,
      );
      const app = await startApp(namespace);
      const report = await app.services.purgeExpired().finally(() => app.close());
      expect(report).toEqual({
        jobs: expect.any(Number),
        model_calls: 2,
        forced_replies: 1,
        rows_of_deleted_meetings: 2,
      });
      expect(await sql('select key from vambe_worker.llm_replies order by key')).toEqual([
        { key: 'hash' },
        { key: 'hash:8' },
      ]);
      expect(report.jobs).toBeGreaterThan(0);
      expect(
        await sql(
          'select distinct meeting_id from vambe_worker.runs union select meeting_id from vambe_worker.current',
        ),
      ).toEqual([{ meeting_id: 2 }]);
    });
  });
}
