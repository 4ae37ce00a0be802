/** Whether the database takes writes. */
import type { Database, Statement } from '../../core/connections/database.ts';

/** A plain select also succeeds on a standby, but nextval fails there (25006). */
const probeStatement: Statement = { name: 'probe', text: `select nextval('vambe_worker.runs_id_seq')::text as run_id` };

/** Reads a run id from the sequence, which then stays unused. @throws AppError DATABASE_* */
export async function probeDatabase(database: Database): Promise<void> {
  await database.runLoosely(probeStatement, []);
}
