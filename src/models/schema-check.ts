/** Migrations, and the check at start that the database fits this build. Existing tables of the API are never altered. */
import { fileURLToPath } from 'node:url';
import { getTableColumns } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { type Database, type Statement, sqlState } from '../core/connections/database.ts';
import { AppError } from '../core/errors.ts';
import { createApiTables, findMissingApiTables, isClassificationsTableOfApi, type RunStatement } from './api-tables.ts';
import { givenTables } from './given-tables.ts';
import { findSchemaOf, requireEncoding } from './rights.ts';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));
const migrationsSchema = 'vambe_worker';
const migrationsTable = 'migrations';
/** An arbitrary constant. With it, processes that migrate at the same time wait for each other. */
const advisoryLock = 7_226_253_001;

export interface MigrationReport {
  /** Version before and after: the number of migrations applied. */
  readonly from: number;
  readonly to: number;
  /** Tables of the API that this migration created. */
  readonly createdTables: readonly string[];
  /** Tables of the API that are missing. */
  readonly missingTables: readonly string[];
}

export interface MigrationOptions {
  /**
   * Creates the missing tables of the API. Only for a database without the API, whose own migrations fail on existing
   * tables.
   */
  readonly createsApiTables: boolean;
}

/**
 * Migrates the schema `vambe_worker` to this build under an advisory lock, all or nothing. The same applies to the API's tables.
 * @throws AppError SCHEMA_TOO_NEW, DATABASE_*
 */
export async function migrateDatabase(
  database: Database,
  { createsApiTables }: MigrationOptions,
): Promise<MigrationReport> {
  const [version, missingTables] = [await appliedVersion(database.run), await findMissingApiTables(database.run)];
  const hasTables = missingTables.length === 0 || !createsApiTables;
  if (version === neededVersion() && hasTables) return { from: version, to: version, createdTables: [], missingTables };
  return database.withClient(async (client) => {
    // Uses the connection that holds the lock, because a pool of one connection would wait for itself.
    const run: RunStatement = async ({ text }, values) => (await client.query(text, [...values])).rows;
    // A migration of a large table, and the wait for another process that migrates, take as long as they take.
    await client.query('set statement_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [advisoryLock]);
    try {
      const from = await appliedVersion(run);
      if (from > neededVersion()) throw tooNew(from);
      const missing = await findMissingApiTables(run);
      const elsewhere = createsApiTables && missing.length > 0 ? await findSchemaOf(run, missing) : undefined;
      if (elsewhere !== undefined) throw new AppError('API_TABLES_MISSING', `${describeMissing(missing, elsewhere)}.`);
      if (createsApiTables) await createApiTables(run);
      await migrate(drizzle(client), { migrationsFolder, migrationsSchema, migrationsTable });
      const [createdTables, missingTables] = createsApiTables ? [missing, []] : [[], missing];
      return { from, to: neededVersion(), createdTables, missingTables };
    } finally {
      await client.query('select pg_advisory_unlock($1)', [advisoryLock]);
      await client.query('reset statement_timeout');
    }
  });
}

export interface SchemaFacts {
  readonly version: number;
  /** True: the API created `meetings_classifications`; false: this worker did. */
  readonly isTableOfApi: boolean;
}

/** @throws AppError SCHEMA_OUTDATED, SCHEMA_TOO_NEW, API_TABLES_MISSING, SCHEMA_DIFFERS (with every difference) */
export async function checkSchema(database: Database): Promise<SchemaFacts> {
  await requireEncoding(database);
  const version = await appliedVersion(database.run);
  const needed = neededVersion();
  if (version > needed) throw tooNew(version);
  if (version < needed) {
    throw new AppError(
      'SCHEMA_OUTDATED',
      `The database schema is at version ${version}, this build needs ${needed}. Run "vambe migrate", then start again.`,
    );
  }
  const missing = await findMissingApiTables(database.run);
  if (missing.length > 0) {
    const elsewhere = await findSchemaOf(database.run, missing);
    throw new AppError('API_TABLES_MISSING', `${describeMissing(missing, elsewhere)}.`);
  }
  const columns = await database.run<ColumnRow>(columnsStatement, []);
  const differences = listDifferences(columns);
  if (differences.length > 0) {
    throw new AppError(
      'SCHEMA_DIFFERS',
      `The API's tables are not as expected: ${differences.join('; ')}. Bring them up to date with the API's own migrations.`,
    );
  }
  return { version, isTableOfApi: await isClassificationsTableOfApi(database.run) };
}

/** What is missing and what to do, as one sentence without its full stop. */
export function describeMissing(tables: readonly string[], elsewhere?: string): string {
  const names = tables.join(', ');
  if (elsewhere !== undefined)
    return `The API's tables ${names} are in the schema "${elsewhere}" of this database, and are needed in "public": move them with ALTER TABLE … SET SCHEMA public, or set DATABASE_URL to the database that has them there`;
  return `The API's tables are not there yet (${tables.join(', ')}): let the API run its own migrations, or, for a database without the API, run "vambe migrate --create-api-tables"`;
}

function neededVersion(): number {
  return readMigrationFiles({ migrationsFolder }).length;
}

function tooNew(version: number): AppError {
  return new AppError(
    'SCHEMA_TOO_NEW',
    `The database schema is at version ${version}, this build knows ${neededVersion()}. Install the newer vambe-ai-worker that migrated it.`,
  );
}

const versionStatement: Statement = {
  name: 'schema_version',
  text: `select count(*)::int as version from ${migrationsSchema}.${migrationsTable}`,
};

interface VersionRow {
  readonly version: number;
}

async function appliedVersion(run: RunStatement): Promise<number> {
  try {
    const [row] = await run<VersionRow>(versionStatement, []);
    return row?.version ?? 0;
  } catch (error) {
    // undefined_table, invalid_schema_name: our schema does not exist yet
    if (sqlState(error) === '42P01' || sqlState(error) === '3F000') return 0;
    throw error;
  }
}

interface ColumnRow {
  readonly table_name: string;
  readonly column_name: string;
  readonly data_type: string;
}

const columnsStatement: Statement = {
  name: 'schema_columns',
  text: `select table_name, column_name, data_type from information_schema.columns
where table_schema = 'public' and table_name in ('clients', 'sellers', 'meetings', 'meetings_classifications')`,
};

/** Types that are equivalent for our purposes, by drizzle's name of our type. */
const acceptable: Readonly<Record<string, readonly string[]>> = {
  serial: ['integer', 'bigint'],
  integer: ['integer', 'bigint', 'smallint'],
  boolean: ['boolean'],
  json: ['json', 'jsonb'],
  text: ['text', 'character varying'],
  varchar: ['text', 'character varying'],
  numeric: ['numeric'],
  timestamp: ['timestamp with time zone'],
};

/** Older databases lack this column; it is optional. */
const optionalColumns = new Set(['sellers.prompt']);

function listDifferences(columns: readonly ColumnRow[]): string[] {
  const found = new Map(
    columns.map(({ table_name, column_name, data_type }) => [`${table_name}.${column_name}`, data_type]),
  );
  return Object.entries(givenTables).flatMap(([table, definition]) =>
    Object.values(getTableColumns(definition)).flatMap((column) => {
      const name = `${table}.${column.name}`;
      const type = found.get(name);
      if (type === undefined) return optionalColumns.has(name) ? [] : [`column ${name} is missing`];
      const family = column.getSQLType().split(/[( ]/)[0] ?? '';
      return acceptable[family]?.includes(type) ? [] : [`column ${name} is ${type}, expected ${column.getSQLType()}`];
    }),
  );
}
