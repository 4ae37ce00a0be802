/** PostgreSQL: the pools and their limits. The only file that opens connections. */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { AppError } from '../errors.ts';
import { translateDatabaseError } from '../server-faults/postgres.ts';
import { isBehindPooler, SessionClient, type SessionSettings, setUpSession } from './postgres-session.ts';
import { readPostgresTls } from './postgres-tls.ts';

export { sqlState } from '../server-faults/postgres.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** Connections of the main pool. */
  readonly poolSize: number;
  /** Named prepared statements; unset: where no pooler is in between, as many poolers cannot keep them. */
  readonly prepared?: boolean;
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
const queryTimeoutMs = 20_000;
const limits = { statement_timeout: '15s', idle_in_transaction_session_timeout: '10s' } as const;

/**
 * PostgreSQL caches the plan of a named statement. If its table was empty at that time, the plan scans the whole table also after it
 * has grown (7 ms at 10,000 rows, measured). Without `jit=off`, PostgreSQL would compile statements on tables without an index.
 */
const keptPlans = { enable_seqscan: 'off', jit: 'off' } as const;

/** Opens pools to one database; connects lazily. */
export function createDatabase(options: DatabaseOptions): Database {
  const { pool, loosePool, namesStatements, isPooled } = openPools(options);

  const runOn = async <Row>(on: pg.Pool, { name, text }: Statement, values: readonly unknown[]): Promise<Row[]> => {
    try {
      const isNamed = namesStatements() ?? (await learn(on, namesStatements));
      const { rows } = await on.query(isNamed ? { name, text, values: [...values] } : { text, values: [...values] });
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

  // A session of our own is read-only by its settings, which a pooler would hand to the next client.
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
      options.readOnly === true && isPooled() !== false
        ? runReadOnly(statement, values)
        : runOn(pool, statement, values),
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

/** Connects once, as only a connection tells whether a pooler is in between. */
async function learn(pool: pg.Pool, namesStatements: () => boolean | undefined): Promise<boolean> {
  const client = await pool.connect();
  client.release();
  return namesStatements() ?? false;
}

interface Pools {
  readonly pool: pg.Pool;
  /** Its commits do not wait for the disk; the same pool where nothing is written. */
  readonly loosePool: pg.Pool;
  /** undefined: there was no connection yet. */
  namesStatements(): boolean | undefined;
  /** undefined: there was no connection yet. */
  isPooled(): boolean | undefined;
}

/** @throws AppError DATABASE_REFUSED for TLS parameters that cannot be used */
function openPools(options: DatabaseOptions): Pools {
  const { applicationName: application_name, queryTimeoutMs: query_timeout = queryTimeoutMs } = options;
  const { url: connectionString, ssl, mayBePlain } = readPostgresTls(options.url);
  const isReadOnly = options.readOnly === true;
  let isPooled: boolean | undefined;
  const open = (max: number, settings: SessionSettings) => {
    const Pool = mayBePlain ? PlainIfNeededPool : pg.Pool;
    return new Pool({
      connectionString,
      ssl,
      application_name,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout,
      keepAlive: true,
      max,
      Client: SessionClient,
      async onConnect(client) {
        isPooled = await isBehindPooler(client);
        if (!isPooled) await setUpSession(client, { ...limits, ...settings });
      },
    });
  };
  const pool = open(options.poolSize, isReadOnly ? { default_transaction_read_only: 'on' } : keptPlans);
  const loosePool = isReadOnly ? pool : open(2, { ...keptPlans, synchronous_commit: 'off' });
  const onError = (error: Error) => {
    const translated = translateDatabaseError(error, options.url, { isFromDriver: true });
    if (translated instanceof AppError) options.onConnectionError?.(translated);
  };
  for (const each of new Set([pool, loosePool])) {
    each.on('error', onError);
    each.on('connect', (client) => client.on('error', onError));
  }
  const namesStatements = () => options.prepared ?? (isPooled === undefined ? undefined : !isPooled);
  return { pool, loosePool, namesStatements, isPooled: () => isPooled };
}

/** `sslmode=prefer`: a server that has no TLS is talked to in plain, from the first connection that it refuses. */
class PlainIfNeededPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(
    callback: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: Error) => void) => void,
  ): void;
  override connect(
    callback?: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: Error) => void) => void,
  ): Promise<pg.PoolClient> | undefined {
    const connecting = super.connect().catch((error: unknown) => {
      if (!(error instanceof Error && /does not support SSL/.test(error.message))) throw error;
      this.options.ssl = false;
      return super.connect();
    });
    if (!callback) return connecting;
    connecting.then(
      (client) => callback(undefined, client, client.release),
      (error: Error) => callback(error, undefined, () => undefined),
    );
    return undefined;
  }
}
