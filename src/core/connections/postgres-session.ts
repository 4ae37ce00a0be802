/** Sets up a session in the same way for every database, role and pooler, as their defaults differ. */
import pg from 'pg';

/**
 * Settings that every statement here relies on. A pooler passes these on at the start of a connection, unlike all others, and sets them
 * for each client that uses a server connection.
 */
const startSettings = {
  DateStyle: 'ISO, YMD',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
} as const;

/** Those that only a session of our own can have. */
const ownSettings = {
  search_path: 'public',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
} as const;

export type SessionSettings = Readonly<Record<string, string>>;

/** Sends the settings as parameters of the start, which costs no round trip. */
export class SessionClient extends pg.Client {
  getStartupConf(): Record<string, string> {
    // Not in the types of node-postgres; the one place where it decides what a connection starts with.
    const inherited = (pg.Client.prototype as unknown as { getStartupConf(): Record<string, string> }).getStartupConf;
    return { ...inherited.call(this), ...startSettings };
  }
}

/** A pooler gives each client a process id of its own making. */
export async function isBehindPooler(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>(bounded('select pg_backend_pid() as pid'));
  return rows[0]?.pid !== (client as { processID?: number }).processID;
}

/** Through a pooler these would be other clients' settings too. */
export async function setUpSession(client: pg.ClientBase, settings: SessionSettings): Promise<void> {
  const entries = Object.entries({ ...ownSettings, ...settings });
  const list = entries.map((_each, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`).join(', ');
  await client.query(bounded(`select ${list}`), entries.flat());
}

/** As long as the connection before it may take. */
function bounded(text: string): pg.QueryConfig {
  return { text, query_timeout: 5_000 } as pg.QueryConfig;
}
