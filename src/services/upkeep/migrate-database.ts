/** Brings a database up to this version, and its rows to one form of labels without a value. */
import type { Database } from '../../core/connections/database.ts';
import { rewriteEmptyLabels } from '../../models/queries/label-form.ts';
import { checkSchema, describeMissing, type MigrationReport, migrateDatabase } from '../../models/schema-check.ts';

export type LabelForm = 'blank' | 'null';

export interface MigrationRequest {
  readonly createsApiTables: boolean;
  /** Unset: the rows stay as they are. */
  readonly labelsWithoutValue?: LabelForm;
  readonly signal: AbortSignal;
}

export interface MigratedDatabase extends MigrationReport {
  /** One sentence without its full stop; null: no table is missing. */
  readonly missing: string | null;
  readonly rewritten: { readonly form: LabelForm; readonly rows: number } | null;
}

/** Safe to run twice. @throws AppError SCHEMA_*, API_TABLES_MISSING, DATABASE_* */
export async function bringUpToDate(
  database: Database,
  { createsApiTables, labelsWithoutValue: form, signal }: MigrationRequest,
): Promise<MigratedDatabase> {
  const report = await migrateDatabase(database, { createsApiTables });
  // Without the API's tables a rewrite of their rows is refused.
  if (report.missingTables.length === 0 || form !== undefined) await checkSchema(database);
  const missing = report.missingTables.length === 0 ? null : describeMissing(report.missingTables);
  if (form === undefined) return { ...report, missing, rewritten: null };
  const rows = await rewriteEmptyLabels(database, { emptyLabel: form === 'blank' ? '' : null, signal });
  return { ...report, missing, rewritten: { form, rows } };
}
