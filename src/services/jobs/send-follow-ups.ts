/** Sends what jobs had to send when they ended and Redis refused. */
import type { Database } from '../../core/connections/database.ts';
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import { noteFollowUpsSent, readUnsentFollowUps, type UnsentRow } from '../../models/queries/operations.ts';

export interface SendFollowUpsRequest {
  readonly rowIds: readonly string[];
  readonly actor: string;
  readonly reason: string | null;
}

interface SendFollowUpsDeps {
  readonly database: Database;
  /** @throws what Redis says */
  send(row: UnsentRow, unsent: UnsentFollowUp): Promise<void>;
}

/** The row ids of which everything was sent. Of the others the row keeps what is left. @throws AppError DATABASE_* */
export async function sendFollowUps(
  { database, send }: SendFollowUpsDeps,
  { rowIds, actor, reason }: SendFollowUpsRequest,
): Promise<readonly string[]> {
  const done: string[] = [];
  for (const row of await readUnsentFollowUps(database, rowIds)) {
    const left: UnsentFollowUp[] = [];
    for (const each of row.unsent) {
      await send(row, each).catch(() => left.push(each));
    }
    if (left.length === row.unsent.length) continue;
    await noteFollowUpsSent(database, { rowId: row.row_id, left, actor, reason });
    if (left.length === 0) done.push(row.row_id);
  }
  return done;
}
