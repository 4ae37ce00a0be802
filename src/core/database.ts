/** PostgreSQL: the pools, their bounds, and the translation of its errors into ours. The only file that opens connections. */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { AppError, type ErrorCode } from './errors.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** Connections of the main pool. */
  readonly poolSize: number;
  /** False behind a transaction pooler, which cannot keep prepared statements or start-up options. */
  readonly prepared: boolean;
  readonly applicationName: string;
  /** The server refuses whatever would write; behind a pooler that holds for `run` alone. */
  readonly readOnly?: boolean;
  /** After it a query is given up, and its connection with it; unset: 20 s. */
  readonly queryTimeoutMs?: number;
  /** Told of each connection that breaks while idle; without a listener node-postgres ends the process. */
  readonly onConnectionError?: (error: AppError) => void;
}

export type Drizzle = NodePgDatabase<Record<string, never>> & { readonly $client: pg.Pool };

/** A statement of the hot path: named, so that PostgreSQL plans it once a connection. */
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
  /** What the orm threw, as ours where it speaks of the server. */
  translate(error: unknown): unknown;
  /** Runs a hot statement. @throws AppError DATABASE_* or the PostgreSQL error itself where it speaks of data. */
  run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** As `run`, on connections whose commits do not wait for the disk: for statements that write nothing but a sequence. */
  runLoosely<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** One connection for several statements of its own (advisory locks, transactions); it is destroyed if `use` throws. */
  withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Answers with version and latency. @throws AppError DATABASE_UNREACHABLE, DATABASE_REFUSED. */
  testConnection(): Promise<DatabaseFacts>;
  close(): Promise<void>;
}

/** failure-matrix bounds: connect 5 s, statement 15 s on the server, 20 s on our side, idle in transaction 10 s. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 15_000;
const queryTimeoutMs = 20_000;
const idleInTransactionTimeoutMs = 10_000;

/**
 * The plan of a named statement is kept, and may be from a time when its table was empty: a table that has grown since would be
 * read whole by each of them (7 ms at 10,000 rows, measured). Without `jit=off`, a table that has no index would be compiled for.
 */
const keptPlans = '-c enable_seqscan=off -c jit=off';

/** Opens pools to one database; connects lazily. */
export function createDatabase(options: DatabaseOptions): Database {
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
    const translated = translateDatabaseError(error, options.url);
    if (translated instanceof AppError) options.onConnectionError?.(translated);
  };
  for (const each of new Set([pool, loosePool])) {
    each.on('error', onError);
    each.on('connect', (client) => client.on('error', onError));
  }

  const runOn = async <Row>(on: pg.Pool, { name, text }: Statement, values: readonly unknown[]): Promise<Row[]> => {
    try {
      const { rows } = await on.query(
        options.prepared ? { name, text, values: [...values] } : { text, values: [...values] },
      );
      return rows;
    } catch (error) {
      throw translateDatabaseError(error, options.url);
    }
  };

  const withClient = async <T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error) => {
      throw translateDatabaseError(error, options.url);
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

  // A pooler takes no start-up options, and a setting of its session would be the next one's too.
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

/** SQLSTATEs that say something about the server, not about the statement. https://www.postgresql.org/docs/15/errcodes-appendix.html */
const serverStates: Record<string, { code: ErrorCode; words: string }> = {
  '28P01': { code: 'DATABASE_REFUSED', words: 'refused the user or password' },
  '28000': { code: 'DATABASE_REFUSED', words: 'refused the user or the kind of connection' },
  '3D000': { code: 'DATABASE_REFUSED', words: 'has no database of that name' },
  '42501': { code: 'DATABASE_REFUSED', words: 'lets this user do too little' },
  '53300': { code: 'DATABASE_BUSY', words: 'has no free connection (max_connections, or the limit of the role)' },
  '53100': { code: 'DATABASE_FULL', words: 'has no disk space left' },
  '25006': { code: 'DATABASE_READ_ONLY', words: 'is read-only (a standby, or default_transaction_read_only)' },
  '57P01': { code: 'DATABASE_UNREACHABLE', words: 'ended the connection' },
  '57P02': { code: 'DATABASE_UNREACHABLE', words: 'crashed and ended the connection' },
  '57P03': { code: 'DATABASE_UNREACHABLE', words: 'is starting up or stopping' },
  '57014': { code: 'DATABASE_BUSY', words: `needed more than ${statementTimeoutMs} ms for a statement` },
};

/** Statement-level states (data, syntax, deadlock …) pass through: whoever wrote the statement decides on them. */
export function translateDatabaseError(error: unknown, url: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const state = sqlState(error);
  const where = describeUrl(url);
  const known =
    state === undefined
      ? undefined
      : (serverStates[state] ?? (state.startsWith('08') ? serverStates['57P01'] : undefined));
  if (known)
    return new AppError(
      known.code,
      `PostgreSQL at ${where} ${known.words}. Check POSTGRES_* or DATABASE_URL and the server.`,
      { cause: error },
    );
  if (state !== undefined) return error;
  if (/timeout exceeded when trying to connect|Connection terminated due to connection timeout/i.test(error.message)) {
    return new AppError(
      'DATABASE_BUSY',
      `PostgreSQL at ${where} gave no connection within ${connectTimeoutMs} ms. It is overloaded or out of reach.`,
      { cause: error },
    );
  }
  if (/Query read timeout/i.test(error.message)) {
    return new AppError(
      'DATABASE_UNREACHABLE',
      `PostgreSQL at ${where} did not answer within ${queryTimeoutMs} ms. The connection was given up.`,
      { cause: error },
    );
  }
  const reason = networkReason(error);
  if (reason) {
    return new AppError(
      'DATABASE_UNREACHABLE',
      `PostgreSQL at ${where} does not answer (${reason}). Start it, or check POSTGRES_HOST, POSTGRES_PORT or DATABASE_URL.`,
      { cause: error },
    );
  }
  return error;
}

/** The five characters of SQLSTATE, or undefined for an error that is not PostgreSQL's. Looks through drizzle's wrapper. */
export function sqlState(error: unknown): string | undefined {
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 4; each = each.cause, depth++) {
    const code = 'code' in each ? each.code : undefined;
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) return code;
  }
  return undefined;
}

function networkReason(error: Error): string | undefined {
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 4; each = each.cause, depth++) {
    const inner: Error = each instanceof AggregateError && each.errors[0] instanceof Error ? each.errors[0] : each;
    if ('code' in inner && typeof inner.code === 'string' && /^E[A-Z]+$/.test(inner.code)) return inner.code;
    if (
      /Connection terminated|connection is closed|not queryable|server closed|ended by the pool|Client was closed/i.test(
        inner.message,
      )
    ) {
      return 'connection lost';
    }
    if (
      /server does not support SSL|unexpected (message|response)|invalid (message|response)|Received invalid response/i.test(
        inner.message,
      )
    ) {
      return 'the answer is not PostgreSQL';
    }
  }
  return undefined;
}

/** `host:port/database`, without user and password. */
function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    return 'the given address';
  }
}
