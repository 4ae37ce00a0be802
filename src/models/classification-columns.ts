/**
 * The mapping between taxonomy fields and columns of `meetings_classifications`: the only place that names both.
 * Fields without a column (other taxonomies', or extensions) live in `runs.fields` alone.
 */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface ColumnKind {
  /** The column's PostgreSQL type, as jsonb_to_record reads it. */
  readonly type: 'text' | 'boolean' | 'json' | 'varchar(20)';
  /** The stored value for a null field, where the column is not nullable. */
  readonly whenNull?: Json;
}

/** Column by field id. Field and column have the same name, because the taxonomy was derived from the table. */
export const fieldColumns: Readonly<Record<string, ColumnKind>> = {
  business_sector: { type: 'text' },
  company_size: { type: 'text' },
  region: { type: 'text' },
  lead_source: { type: 'text' },
  vambe_product: { type: 'text' },
  use_case: { type: 'text' },
  primary_pain_point: { type: 'text' },
  decision_maker_role: { type: 'text' },
  purchase_stage: { type: 'text' },
  language: { type: 'text' },
  urgency: { type: 'boolean' },
  lost_client_bad_meeting: { type: 'boolean' },
  categories: { type: 'json', whenNull: [] },
  sentiment: { type: 'varchar(20)', whenNull: 'neutral' },
};

const columns = Object.entries(fieldColumns);

/** Column values from field values; `storedDefaults` are those of the taxonomy, by field id. */
export function toColumns(
  values: Readonly<Record<string, unknown>>,
  storedDefaults: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [column, { whenNull }] of columns) {
    row[column] = values[column] ?? (whenNull === undefined ? null : (storedDefaults[column] ?? whenNull));
  }
  return row;
}

/** The content of a nullable text column for a label without a value: the pages of the API's front end cannot show null. */
export type EmptyLabel = '' | null;

const nullableTexts: readonly string[] = [
  ...columns.filter(([, { type, whenNull }]) => type === 'text' && whenNull === undefined).map(([name]) => name),
  'next_steps',
  'summary',
];

/** Text columns of `meetings_classifications` that may be null. */
export const emptyableColumns: ReadonlySet<string> = new Set(nullableTexts);

/** SQL that reads a column of `meetings_classifications mc`: a label without a value is null, also where '' is stored. */
export function readColumn(name: string): string {
  return emptyableColumns.has(name) ? `nullif(mc.${name}, '')` : `mc.${name}`;
}

/** A row of `meetings_classifications`, by column name, as `readColumn` would read it. */
export function readRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value === '' && emptyableColumns.has(name) ? null : value]),
  );
}

/** Values of columns in the form that the table stores. */
export function withEmptyLabels(
  row: Readonly<Record<string, unknown>>,
  emptyLabel: EmptyLabel,
): Readonly<Record<string, unknown>> {
  if (emptyLabel === null) return row;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, emptyableColumns.has(name) ? (value ?? emptyLabel) : value]),
  );
}
