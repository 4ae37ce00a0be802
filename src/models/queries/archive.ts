/** Exports all rows of our tables and the API's from one snapshot, and imports them into an empty database. */
import type { Database } from '../../core/connections/database.ts';
import { type EmptyLabel, emptyableColumns } from '../classification-columns.ts';

type Client = Parameters<Parameters<Database['withClient']>[0]>[0];

/** Parents before children, so that foreign keys are valid at any point of an import. */
const givenTables = ['clients', 'sellers', 'meetings', 'meetings_classifications'] as const;

export interface ArchiveTable {
  /** `public.meetings` */
  readonly name: string;
  /** Without generated columns. */
  readonly columns: readonly string[];
}

/** A row as JSON text from PostgreSQL, on one line. It is never parsed here, so that numbers keep all digits. */
export interface ArchivedRow {
  readonly table: string;
  readonly json: string;
}

export interface ArchiveSource {
  readonly tables: readonly ArchiveTable[];
  rows(): AsyncIterable<ArchivedRow>;
}

/** So that at most 100 transcripts of 2 MB are in memory. */
const rowsAFetch = 100;
/** A longer timeout than elsewhere, because the consumer of the rows may be slow. */
const slowReader = `set local idle_in_transaction_session_timeout = '5min'`;

/** All rows of one snapshot, without later writes; a label without a value is null. */
export async function readArchive<T>(database: Database, use: (source: ArchiveSource) => Promise<T>): Promise<T> {
  return database.withClient(async (client) => {
    await client.query('begin isolation level repeatable read read only');
    await client.query(slowReader);
    const tables = await listTables(client);
    const result = await use({ tables, rows: () => readRows(client, tables) });
    await client.query('commit');
    return result;
  });
}

async function* readRows(client: Client, tables: readonly ArchiveTable[]): AsyncGenerator<ArchivedRow> {
  for (const { name, columns } of tables) {
    // Stored JSON has line breaks only outside of strings, where a space means the same.
    const list = columns.map((column) => readIn(name, column)).join(', ');
    await client.query(
      `declare archive no scroll cursor for select translate(row_to_json(r)::text, E'\\n\\r', '  ') as json from (select ${list} from ${quotedTable(name)}) r`,
    );
    for (;;) {
      const { rows } = await client.query<{ json: string }>(`fetch ${rowsAFetch} from archive`);
      for (const { json } of rows) yield { table: name, json };
      if (rows.length < rowsAFetch) break;
    }
    await client.query('close archive');
  }
}

export interface ArchiveTarget {
  readonly tables: readonly ArchiveTable[];
  /** The first table that holds rows; undefined: there are none. */
  findRows(): Promise<string | undefined>;
  /** `columns`: those that each row has; others get their defaults. @throws the PostgreSQL error where a row does not fit */
  insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void>;
}

/**
 * Runs in one transaction: if `use` throws, the database is unchanged. The tables are locked for other writers. `emptyLabel` is
 * stored for a label without a value.
 */
export async function writeArchive<T>(
  database: Database,
  emptyLabel: EmptyLabel,
  use: (target: ArchiveTarget) => Promise<T>,
): Promise<T> {
  return database.withClient(async (client) => {
    await client.query('begin');
    await client.query(slowReader);
    const tables = await listTables(client);
    await client.query(`lock table ${tables.map(({ name }) => quotedTable(name)).join(', ')} in exclusive mode`);
    const result = await use({
      tables,
      findRows: () => findRows(client, tables),
      async insert(table, columns, rows) {
        const list = columns.map(quoted).join(', ');
        const values = columns.map((column) => storedIn(table, column, emptyLabel)).join(', ');
        await client.query(
          `insert into ${quotedTable(table)} (${list}) overriding system value
           select ${values} from json_populate_recordset(null::${quotedTable(table)}, $1::json)`,
          [`[${rows.join(',')}]`],
        );
      },
    });
    await moveSequences(client, tables);
    await client.query('commit');
    return result;
  });
}

async function listTables(client: Client): Promise<ArchiveTable[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.table_schema || '.' || c.table_name as name, json_agg(c.column_name order by c.ordinal_position) as columns
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where t.table_type = 'BASE TABLE' and c.is_generated = 'NEVER'
       and (c.table_schema = 'vambe_worker' and c.table_name <> 'migrations' or c.table_schema = 'public' and c.table_name = any($1::text[]))
     group by 1 order by array_position($1::text[], min(c.table_name)::text) nulls last, 1`,
    [givenTables],
  );
  return rows;
}

async function findRows(client: Client, tables: readonly ArchiveTable[]): Promise<string | undefined> {
  for (const { name } of tables) {
    const { rows } = await client.query(`select 1 from ${quotedTable(name)} limit 1`);
    if (rows.length > 0) return name;
  }
  return undefined;
}

/** Sets the sequences, so that new rows get ids after the imported ones. */
async function moveSequences(client: Client, tables: readonly ArchiveTable[]): Promise<void> {
  for (const { name, columns } of tables) {
    const { rows } = await client.query<{ column: string; sequence: string }>(
      `select c as column, pg_get_serial_sequence($1, c) as sequence from unnest($2::text[]) c
       where pg_get_serial_sequence($1, c) is not null`,
      [quotedTable(name), columns],
    );
    for (const { column, sequence } of rows) {
      await client.query(
        `select setval($1::regclass, m.id) from (select max(${quoted(column)}) as id from ${quotedTable(name)}) m
        where m.id is not null`,
        [sequence],
      );
    }
  }
}

function isEmptyable(table: string, column: string): boolean {
  return table === 'public.meetings_classifications' && emptyableColumns.has(column);
}

function readIn(table: string, column: string): string {
  const name = quoted(column);
  return isEmptyable(table, column) ? `nullif(${name}, '') as ${name}` : name;
}

function storedIn(table: string, column: string, emptyLabel: EmptyLabel): string {
  const name = quoted(column);
  if (!isEmptyable(table, column)) return name;
  return emptyLabel === null ? `nullif(${name}, '')` : `coalesce(${name}, '')`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quotedTable(name: string): string {
  return name.split('.').map(quoted).join('.');
}
