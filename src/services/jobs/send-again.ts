/** Sends Celery messages that were set aside to their lists again, byte for byte. */
import type { Database } from '../../core/connections/database.ts';
import type { Redis } from '../../core/connections/redis.ts';
import { noteSentAgain, readReceived } from '../../models/queries/operations.ts';

export interface SendAgainRequest {
  readonly rowIds: readonly string[];
  readonly actor: string;
  readonly reason: string | null;
}

/**
 * The row ids that were sent; others are gone, or were too large to be kept whole. A message is in its list before its row says so:
 * sent twice under one task id it is done once. @throws what Redis says, DATABASE_*
 */
export async function sendAgain(
  { database, broker }: { database: Database; broker: Redis },
  { rowIds, actor, reason }: SendAgainRequest,
): Promise<readonly string[]> {
  const whole = (await readReceived(database, rowIds)).filter(({ is_cut }) => !is_cut);
  if (whole.length === 0) return [];
  const pushes = broker.pipeline();
  for (const { list, raw, encoding } of whole) pushes.lpush(list, Buffer.from(raw, encoding));
  const failure = (await pushes.exec())?.find(([error]) => error !== null)?.[0];
  if (failure) throw failure;
  const sent = whole.map(({ row_id }) => row_id);
  await noteSentAgain(database, { rowIds: sent, actor, reason });
  return sent;
}
