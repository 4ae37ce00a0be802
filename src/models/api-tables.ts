/** The API's four tables: which of them exist, who created them, and how to create them in a database without the API. */
import { readFile } from 'node:fs/promises';
import { getTableColumns } from 'drizzle-orm';
import type { Statement } from '../core/connections/database.ts';
import type { EmptyLabel } from './classification-columns.ts';
import { givenTables } from './given-tables.ts';

const tableNames = Object.keys(givenTables);

/** Runs one statement: on a pool, or on the connection that holds a lock. */
export type RunStatement = <Row>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** Reads pg_catalog, because information_schema hides tables that the user may not read. */
const missingStatement: Statement = {
  name: 'api_tables_missing',
  text: `select t.name from unnest($1::text[]) with ordinality as t(name, n) where to_regclass('public.' || t.name) is null order by t.n`,
};

/** Names of the missing tables. */
export async function findMissingApiTables(run: RunStatement): Promise<readonly string[]> {
  const rows = await run<{ name: string }>(missingStatement, [tableNames]);
  return rows.map(({ name }) => name);
}

/** Creates the missing tables, all or none. */
export async function createApiTables(run: RunStatement): Promise<void> {
  const text = await readFile(new URL('./migrations/api_tables.sql', import.meta.url), 'utf8');
  await run({ name: '', text }, []);
}

const columnOrderStatement: Statement = {
  name: 'api_tables_columns',
  text: `select json_agg(a.attname order by a.attnum) as columns from pg_attribute a
where a.attrelid = 'public.meetings_classifications'::regclass and a.attnum > 0 and not a.attisdropped`,
};

/**
 * Detects who created the table by the order of its columns: ours are sorted by type, the API's has `urgency` among the labels.
 * The order survives a dump and added columns, and disappears with a dropped table. A flag in a table of ours would not.
 */
export async function isClassificationsTableOfApi(run: RunStatement): Promise<boolean> {
  const [row] = await run<{ columns: readonly string[] | null }>(columnOrderStatement, []);
  const ours = Object.values(getTableColumns(givenTables.meetings_classifications)).map(({ name }) => name);
  return ours.some((name, at) => row?.columns?.[at] !== name);
}

/** Values of LABELS_WITHOUT_VALUE. */
export type LabelsWithoutValue = 'auto' | 'null' | 'blank';

/** The form that the setting means for a database. */
export function emptyLabelFor(
  setting: LabelsWithoutValue,
  { isTableOfApi }: { readonly isTableOfApi: boolean },
): EmptyLabel {
  if (setting === 'auto') return isTableOfApi ? '' : null;
  return setting === 'blank' ? '' : null;
}
