/** PostgreSQL: the pools and their limits. The only file that opens connections. */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { AppError } from './errors.ts';
import { translateDatabaseError } from './server-faults/postgres.ts';

export { sqlState } from './server-faults/postgres.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** Connections of the main pool. */
  readonly poolSize: number;
  /** False behind a transaction pooler, which cannot keep prepared statements or start-up options. */
  readonly prepared: boolean;
  readonly applicationName: string;
  /** The server refuses all writes. Behind a pooler this applies only to `run`. */
  readonly readOnly?: boolean;
  /** Time limit of a query, after which its connection is closed too; unset: 20 s. */
  readonly queryTimeoutMs?: number;
  /** Called for each connection that breaks while idle; without a listener node-postgres ends the process. */
  readonly onConnectionError?: (error: AppError) => void;
}

export type Drizzle = NodePgDatabase<Record<string, never>> & { readonly $client: pg.Pool };

/** A statement of the hot path: named, so that PostgreSQL plans it once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface DatabaseFacts {
  readonly version: string;
  readonly latencyMs: number;
  readonly database: string;
}

export interface Database {
  /** Typed queries of models/. */
  readonly orm: Drizzle;
  /** Translates an error of the orm into an AppError, if it is about the server. */
  translate(error: unknown): unknown;
  /** Runs a hot statement. @throws AppError DATABASE_* or the original PostgreSQL error where it is about data. */
  run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** As `run`, on connections whose commits do not wait for the disk: for statements that only write a sequence. */
  runLoosely<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** One connection for several statements of its own (advisory locks, transactions); it is destroyed if `use` throws. */
  withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Answers with version and latency. @throws AppError DATABASE_UNREACHABLE, DATABASE_REFUSED. */
  testConnection(): Promise<DatabaseFacts>;
  close(): Promise<void>;
}

/** Limits: connect 5 s, statement 15 s on the server, 20 s on our side, idle in transaction 10 s. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 15_000;
const queryTimeoutMs = 20_000;
const idleInTransactionTimeoutMs = 10_000;

/**
 * PostgreSQL caches the plan of a named statement. If its table was empty at that time, the plan scans the whole table also after it
 * has grown (7 ms at 10,000 rows, measured). Without `jit=off`, PostgreSQL would compile statements on tables without an index.
 */
const keptPlans = '-c enable_seqscan=off -c jit=off';

/** Opens pools to one database; connects lazily. */
export function createDatabase(options: DatabaseOptions): Database {
  const isReadOnly = options.readOnly === true;
  const { pool, loosePool } = openPools(options);

  const runOn = async <Row>(on: pg.Pool, { name, text }: Statement, values: readonly unknown[]): Promise<Row[]> => {
    try {
      const { rows } = await on.query(
        options.prepared ? { name, text, values: [...values] } : { text, values: [...values] },
      );
      return rows;
    } catch (error) {
      throw translateDatabaseError(error, options.url, { isFromDriver: true });
    }
  };

  const withClient = async <T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error) => {
      throw translateDatabaseError(error, options.url, { isFromDriver: true });
    });
    try {
      const result = await use(client);
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw translateDatabaseError(error, options.url);
    }
  };

  // A pooler accepts no start-up options, and would hand a session with changed settings to the next client.
  const runReadOnly = <Row>({ text }: Statement, values: readonly unknown[]) =>
    withClient(async (client): Promise<Row[]> => {
      await client.query('begin transaction read only');
      const { rows } = await client.query(text, [...values]);
      await client.query('commit');
      return rows;
    });

  return {
    orm: drizzle(pool),
    translate: (error) => translateDatabaseError(error, options.url),
    run: (statement, values) =>
      isReadOnly && !options.prepared ? runReadOnly(statement, values) : runOn(pool, statement, values),
    runLoosely: (statement, values) => runOn(loosePool, statement, values),
    withClient,
    async testConnection() {
      const before = performance.now();
      const [row] = await runOn<{ version: string; database: string }>(
        pool,
        {
          name: 'test_connection',
          text: `select current_setting('server_version') as version, current_database() as database`,
        },
        [],
      );
      return { version: row?.version ?? '', database: row?.database ?? '', latencyMs: performance.now() - before };
    },
    async close() {
      await Promise.all([...new Set([pool, loosePool])].map((each) => each.end()));
    },
  };
}

/** `loosePool`: its commits do not wait for the disk. It is the same pool where start-up options are not possible. */
function openPools(options: DatabaseOptions): { readonly pool: pg.Pool; readonly loosePool: pg.Pool } {
  const common: pg.PoolConfig = {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: options.queryTimeoutMs ?? queryTimeoutMs,
    keepAlive: true,
    ...(options.prepared
      ? { statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: idleInTransactionTimeoutMs }
      : {}),
  };
  const isReadOnly = options.readOnly === true;
  const pool = new pg.Pool({
    ...common,
    max: options.poolSize,
    ...(options.prepared ? { options: isReadOnly ? '-c default_transaction_read_only=on' : keptPlans } : {}),
  });
  const loosePool =
    options.prepared && !isReadOnly
      ? new pg.Pool({ ...common, max: 2, options: `${keptPlans} -c synchronous_commit=off` })
      : pool;
  const onError = (error: Error) => {
    const translated = translateDatabaseError(error, options.url, { isFromDriver: true });
    if (translated instanceof AppError) options.onConnectionError?.(translated);
  };
  for (const each of new Set([pool, loosePool])) {
    each.on('error', onError);
    each.on('connect', (client) => client.on('error', onError));
  }
  return { pool, loosePool };
}
