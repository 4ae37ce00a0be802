/** How many meetings there are, their commonest labels, and how far their classification is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../core/connections/database.ts';
import { countOpenClassifications, type Overview, summarise } from '../../models/queries/overview.ts';

export type { Overview } from '../../models/queries/overview.ts';

/** @throws AppError DATABASE_* */
export async function summariseMeetings(database: Database): Promise<Overview> {
  return summarise(database);
}

export interface IdleRequest {
  readonly signal: AbortSignal;
  /** `total`: jobs that were open at first; not called where none was. */
  onProgress(done: number, total: number): void;
}

const lookEveryMs = 150;

/** Waits until no classification job is due, or until `signal` is aborted. @throws AppError DATABASE_* */
export async function waitUntilIdle(database: Database, { signal, onProgress }: IdleRequest): Promise<void> {
  const total = await countOpenClassifications(database);
  if (total > 0) onProgress(0, total);
  for (let open = total; open > 0 && !signal.aborted; ) {
    await sleep(lookEveryMs);
    open = await countOpenClassifications(database);
    onProgress(Math.max(0, total - open), total);
  }
}
