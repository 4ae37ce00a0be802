/** Tables as drizzle describes them beside tables as the migrations make them, column by column. */
import { getTableColumns } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../../src/core/connections/database.ts';
import { givenTables } from '../../../src/models/given-tables.ts';
import { workerTables } from '../../../src/models/worker-tables.ts';
import { createNamespace, type Namespace } from '../../helpers/namespace.ts';

let namespace: Namespace;
let database: Database;
beforeAll(async () => {
  namespace = await createNamespace();
  database = createDatabase({ url: namespace.postgresUrl, poolSize: 2, prepared: true, applicationName: 'tests' });
});
afterAll(async () => {
  await database?.close();
  await namespace?.close();
});

const query = <Row>(text: string, values: unknown[] = []) => database.run<Row>({ name: '', text }, values);
const tables: [string, PgTable][] = Object.entries({ ...givenTables, ...workerTables });

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
}

test.each(tables)('%s has the columns that drizzle describes', async (_name, table) => {
  const { name, schema = 'public' } = getTableConfig(table);
  const found = await query<Column>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull",
       (a.atthasdef or a.attidentity <> '') as "hasDefault"
     from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attname`,
    [`${schema}.${name}`],
  );
  const described = Object.values(getTableColumns(table)).map((column) => ({
    name: column.name,
    type: typeInPostgres(column.getSQLType()),
    notNull: column.notNull,
    hasDefault: column.hasDefault || column.getSQLType() === 'serial' || column.generatedIdentity !== undefined,
  }));
  // The sequence that numbers runs is drawn by name when a job is taken; drizzle need not know of it.
  const inDatabase = found.map((column) =>
    name === 'runs' && column.name === 'id' ? { ...column, hasDefault: false } : column,
  );
  expect(described.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
    inDatabase.sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
});

function typeInPostgres(type: string): string {
  const names: Readonly<Record<string, string>> = { serial: 'integer' };
  return (
    names[type] ?? type.replace(/^varchar/, 'character varying').replace(/numeric\((\d+), (\d+)\)/, 'numeric($1,$2)')
  );
}

test('no foreign key leads from our tables into public', async () => {
  expect(
    await query(
      `select conname from pg_constraint where contype = 'f' and connamespace = 'vambe_worker'::regnamespace`,
    ),
  ).toEqual([]);
});

test('every table of our schema is described', async () => {
  const found = await query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'vambe_worker' order by 1`,
  );
  expect(found.map(({ name }) => name)).toEqual([...Object.keys(workerTables), 'migrations'].sort());
});

test('run ids are drawn one at a time, so that their order is that of starts over all connections', async () => {
  expect(
    await query(
      `select cache_size::int from pg_sequences where schemaname = 'vambe_worker' and sequencename = 'runs_id_seq'`,
    ),
  ).toEqual([{ cache_size: 1 }]);
});

test.each([
  [
    'open rows of the recovery sweep',
    `select 1 from vambe_worker.jobs where state in ('queued', 'retrying') and id > 5 order by id limit 10`,
    'jobs_open_index',
  ],
  [
    'failed jobs',
    `select 1 from vambe_worker.jobs where state = 'failed' order by id desc limit 10`,
    'jobs_trouble_index',
  ],
  ['jobs of a meeting', `select 1 from vambe_worker.jobs where meeting_id = 3`, 'jobs_meeting_id_index'],
  ['a task id', `select 1 from vambe_worker.jobs where task_id = 'x'`, 'jobs_task_id_unique'],
  ['runs of a meeting', `select 1 from vambe_worker.runs where meeting_id = 3 order by id`, 'runs_meeting_id_index'],
])('%s are served by an index', async (_what, text, index) => {
  await database.withClient(async (client) => {
    await client.query('begin; set local enable_seqscan = off; set local enable_bitmapscan = off');
    const { rows } = await client.query(`explain ${text}`);
    await client.query('rollback');
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(index);
  });
});
