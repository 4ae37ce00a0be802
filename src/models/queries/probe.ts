/** Whether the database takes writes. */
import type { Database, Statement } from '../../core/database.ts';

/** A select alone succeeds on a standby; a sequence is refused there (25006). */
const probeStatement: Statement = { name: 'probe', text: `select nextval('vambe_worker.runs_id_seq')::text as run_id` };

/** Draws a run id that nobody uses. @throws AppError DATABASE_* */
export async function probeDatabase(database: Database): Promise<void> {
  await database.runLoosely(probeStatement, []);
}
