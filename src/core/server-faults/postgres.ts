/** What PostgreSQL's errors mean for jobs: a table of SQLSTATEs, and their translation into AppErrors. */
import { AppError, type ErrorCode } from '../errors.ts';
import { networkFaultOf, quoted, withCauses } from './network.ts';

type DatabaseCode = Extract<ErrorCode, `DATABASE_${string}`>;

interface ServerState {
  readonly code: DatabaseCode;
  /** Completes the sentence "PostgreSQL at … …". */
  readonly words: string;
}

/** The statement or its values are wrong: the error is passed on unchanged, and the caller decides. */
const statement = null;

type Meaning = ServerState | typeof statement;

const unreachable = (words: string): ServerState => ({ code: 'DATABASE_UNREACHABLE', words });
const refused = (words: string): ServerState => ({ code: 'DATABASE_REFUSED', words });
const busy = (words: string): ServerState => ({ code: 'DATABASE_BUSY', words });
const unsuitable = (words: string): ServerState => ({ code: 'DATABASE_UNSUITABLE', words });

/** Single states; they take precedence over their class. https://www.postgresql.org/docs/15/errcodes-appendix.html */
export const states: Readonly<Record<string, Meaning>> = {
  '25006': { code: 'DATABASE_READ_ONLY', words: 'is read-only (a standby, or default_transaction_read_only)' },
  '25P03': unreachable('ended the connection'),
  '28P01': refused('refused the user or password'),
  '28000': refused('refused the user or the kind of connection'),
  '40003': unreachable('lost the connection before the end of a statement was known'),
  '42501': refused('lets this user do too little'),
  '42P05': unsuitable('is behind a pooler that mixes up prepared statements'),
  '53100': { code: 'DATABASE_FULL', words: 'has no disk space left' },
  '53200': busy('has no memory left'),
  '53300': busy('has no free connection (max_connections, or the limit of the role)'),
  '55P02': unsuitable('does not take a setting of the connection'),
  '55P03': busy('did not get a lock in time'),
  '57014': busy('ended a statement before its end'),
  '57P01': unreachable('ended the connection'),
  '57P02': unreachable('crashed and ended the connection'),
  '57P03': unreachable('is starting up or stopping'),
  '57P04': refused('has no such database any more'),
  '57P05': unreachable('ended the connection'),
  // A damaged page or index: it affects only the jobs that read it.
  XX001: statement,
  XX002: statement,
};

/** Classes, by the first two characters. */
export const classes: Readonly<Record<string, Meaning>> = {
  '00': statement,
  '01': statement,
  '02': statement,
  '03': statement,
  '08': unreachable('ended the connection'),
  '09': statement,
  '0A': statement,
  '0B': statement,
  '0F': statement,
  '0L': statement,
  '0P': statement,
  '0Z': statement,
  '20': statement,
  '21': statement,
  '22': statement,
  '23': statement,
  '24': statement,
  '25': busy('has another transaction open on the connection'),
  '26': unsuitable('is behind a pooler that loses prepared statements'),
  '27': statement,
  '28': refused('refused the user or the kind of connection'),
  '2B': statement,
  '2D': statement,
  '2F': statement,
  '34': statement,
  '38': statement,
  '39': statement,
  '3B': statement,
  '3D': refused('has no database of that name'),
  '3F': statement,
  '40': busy('undid a transaction because of another one'),
  '42': statement,
  '44': statement,
  '53': busy('has reached a limit'),
  '54': statement,
  '55': busy('needs something that is in use'),
  '57': busy('ended a statement before its end'),
  '58': busy('has a fault of its system'),
  '72': busy('has dropped a snapshot that was still read'),
  F0: busy('has a fault in its configuration'),
  HV: statement,
  P0: statement,
  XX: busy('has an internal fault'),
};

const unknownState = busy('answered with an error that is not known here');

const remedies: Readonly<Record<DatabaseCode, string>> = {
  DATABASE_UNREACHABLE: 'Start it, or check POSTGRES_HOST, POSTGRES_PORT or DATABASE_URL.',
  DATABASE_REFUSED: 'Check POSTGRES_* or DATABASE_URL and the server.',
  DATABASE_UNSUITABLE: 'Unset POSTGRES_PREPARED behind a transaction pooler, or check DATABASE_URL and the server.',
  DATABASE_BUSY: 'It is worth trying again; if it lasts, look at the load, the locks and the log of the server.',
  DATABASE_READ_ONLY: 'Point POSTGRES_HOST or DATABASE_URL at the primary.',
  DATABASE_FULL: 'Free some; the work goes on by itself.',
};

/** Messages of node-postgres for errors without a code. */
const driverWords: readonly (readonly [RegExp, DatabaseCode, string])[] = [
  [
    /timeout exceeded when trying to connect|due to connection timeout|^timeout expired/i,
    'DATABASE_BUSY',
    'gave no connection in time',
  ],
  [/Query read timeout/i, 'DATABASE_UNREACHABLE', 'did not answer a statement in time'],
  [/^SASL\b|no password supplied/i, 'DATABASE_REFUSED', 'could not agree on the password'],
  [/server does not support SSL/i, 'DATABASE_REFUSED', 'has no TLS, and TLS was asked for'],
  [
    /Connection terminated|connection is closed|not queryable|server closed|after calling end on the pool|Client was closed/i,
    'DATABASE_UNREACHABLE',
    'does not answer (connection lost)',
  ],
  [
    /establishing an SSL connection|unexpected (\w+ )?(message|response)|invalid (message|response)|authenticationOk message/i,
    'DATABASE_UNREACHABLE',
    'does not answer (the answer is not PostgreSQL)',
  ],
];

/** Errors of node-postgres about a statement's text or values, which the message may contain. */
const faultsOfStatements =
  /circular reference|Prepared statements must be unique|A query must have|Query values must be/;

/**
 * Translates errors that the database server caused into AppErrors; returns any other error unchanged. States about data or a
 * statement (a unique key, a missing table) are also returned unchanged, because the caller decides about them.
 * `isFromDriver`: node-postgres threw the error, so an error without a code is about the connection.
 */
export function translateDatabaseError(
  error: unknown,
  url: string,
  { isFromDriver = false }: { isFromDriver?: boolean } = {},
): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const at = `PostgreSQL at ${describeUrl(url)}`;
  const make = ({ code, words }: ServerState, reason: string) =>
    new AppError(code, `${at} ${words}${reason === '' ? '' : ` (${quoted(reason)})`}. ${remedies[code]}`, {
      cause: error,
    });
  const state = sqlState(error);
  if (state !== undefined) {
    const meaning = meaningOf(state);
    return meaning === statement ? error : make(meaning, `${state}: ${wordsOf(error)}`);
  }
  const network = networkFaultOf(error);
  if (network?.kind === 'unreachable') return make(unreachable('does not answer'), network.reason);
  if (network) return make(refused('cannot be talked to'), network.reason);
  for (const [pattern, code, words] of driverWords) {
    const said = withCauses(error).find(({ message }) => pattern.test(message));
    if (said) return make({ code, words }, /\(/.test(words) ? '' : said.message);
  }
  if (!isFromDriver || error.name !== 'Error' || faultsOfStatements.test(error.message)) return error;
  return make(unreachable('failed in a way that is not known here'), error.message);
}

/**
 * For an unexpected error at the end of a run. A refused statement (such as a missing table) affects all jobs.
 * Undefined for errors that are not PostgreSQL's, or are about the values of one job.
 */
export function unexpectedRefusal(error: unknown): AppError | undefined {
  const state = sqlState(error);
  if (state === undefined || /^2[23]|^54/.test(state)) return undefined;
  return new AppError(
    'DATABASE_UNSUITABLE',
    `PostgreSQL refuses a statement of this program (${quoted(`${state}: ${wordsOf(error)}`)}). Check that its tables are as "vambe migrate" left them.`,
    { cause: error },
  );
}

export function meaningOf(state: string): Meaning {
  if (Object.hasOwn(states, state)) return states[state] ?? statement;
  const family = state.slice(0, 2);
  return Object.hasOwn(classes, family) ? (classes[family] ?? statement) : unknownState;
}

/** The SQLSTATE of an error, also inside wrappers such as drizzle's; undefined for an error that is not PostgreSQL's. */
export function sqlState(error: unknown): string | undefined {
  return withState(error)?.code;
}

function wordsOf(error: unknown): string {
  return withState(error)?.message ?? '';
}

function withState(error: unknown): { readonly code: string; readonly message: string } | undefined {
  for (const each of withCauses(error)) {
    const code = 'code' in each ? each.code : undefined;
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E'))
      return { code, message: each.message };
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
