/** Drizzle over the app's pool, with our tables and their relations: for typed reads off the hot path. */
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Database } from '../core/connections/database.ts';
import { givenRelations, givenTables } from './given-tables.ts';

const schema = { ...givenTables, ...givenRelations };

export function ormOf(database: Database) {
  return drizzle(database.orm.$client, { schema });
}
