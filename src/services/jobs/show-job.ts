/** One job whole: parameters, attempts, result and what people changed. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { createJobLedger } from '../../models/queries/job-ledger.ts';
import { findJob, type JobWhole } from '../../models/queries/jobs.ts';
import { isOpen } from './list-jobs.ts';
import { completeTaskIds } from './task-ids.ts';

/** @throws AppError NOT_FOUND; USAGE for a prefix of several ids; DATABASE_* */
export async function showJob(
  database: Database,
  { taskId: given, listRunning }: { taskId: string; listRunning: () => Promise<readonly string[]> },
): Promise<JobWhole> {
  const [taskId = given] = await completeTaskIds(database, [given]);
  const asStored = await findJob(database, { taskId, running: [] });
  const mayRun = asStored !== undefined && isOpen(asStored.state);
  const found = mayRun ? await findJob(database, { taskId, running: await listRunning() }) : asStored;
  if (!found) throw new AppError('NOT_FOUND', `There is no job with the task id "${given}". "vambe jobs" lists them.`);
  // A classification's result is put together from the tables; only other tasks keep it in the job row.
  const result = found.state === 'completed' ? await createJobLedger(database).resultOf(taskId) : found.result;
  return { ...found, result: result ?? null };
}
