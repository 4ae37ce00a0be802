/** The API's four tables as a whole: which are there, who made them, and how they are made in a database without the API. */
import { readFile } from 'node:fs/promises';
import { getTableColumns } from 'drizzle-orm';
import type { Statement } from '../core/database.ts';
import type { EmptyLabel } from './classification-columns.ts';
import { givenTables } from './given-tables.ts';

const tableNames = Object.keys(givenTables);

/** Runs one statement: on a pool, or on the connection that holds a lock. */
export type RunStatement = <Row>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** The catalogue, as information_schema hides tables that the user may not read. */
const missingStatement: Statement = {
  name: 'api_tables_missing',
  text: `select t.name from unnest($1::text[]) with ordinality as t(name, n) where to_regclass('public.' || t.name) is null order by t.n`,
};

/** Names of the tables that are not there. */
export async function findMissingApiTables(run: RunStatement): Promise<readonly string[]> {
  const rows = await run<{ name: string }>(missingStatement, [tableNames]);
  return rows.map(({ name }) => name);
}

/** Makes the tables that are absent, all or none. */
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
 * Ours has its columns sorted by type, the API's has `urgency` among the labels. The order survives a dump and columns that are added,
 * and goes with a table that is dropped; a record of ours would not.
 */
export async function isClassificationsTableOfApi(run: RunStatement): Promise<boolean> {
  const [row] = await run<{ columns: readonly string[] | null }>(columnOrderStatement, []);
  const ours = Object.values(getTableColumns(givenTables.meetings_classifications)).map(({ name }) => name);
  return ours.some((name, at) => row?.columns?.[at] !== name);
}

/** As LABELS_WITHOUT_VALUE has them. */
export type LabelsWithoutValue = 'auto' | 'null' | 'blank';

/** What the setting means for a database. */
export function emptyLabelFor(
  setting: LabelsWithoutValue,
  { isTableOfApi }: { readonly isTableOfApi: boolean },
): EmptyLabel {
  if (setting === 'auto') return isTableOfApi ? '' : null;
  return setting === 'blank' ? '' : null;
}
