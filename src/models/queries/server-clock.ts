/** The database's clock, for a comparison with this machine's. */
import type { Database } from '../../core/connections/database.ts';

/** Milliseconds since 1970 by the server's clock. */
export async function readServerClockMs(database: Database): Promise<number> {
  const text = 'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms';
  const [row] = await database.run<{ ms: number }>({ name: 'server_clock', text }, []);
  return row?.ms ?? 0;
}
