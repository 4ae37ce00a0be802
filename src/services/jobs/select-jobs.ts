/** Jobs chosen by a filter for one action: counted first, then acted on 1,000 at a time. */
import type { Database } from '../../core/connections/database.ts';
import { countSelection, listSelection, type Selection, type SelectionCount } from '../../models/queries/operations.ts';
import type { RetryCandidate } from '../../models/queries/retry-jobs.ts';

const rowsPerPage = 1_000;

export interface SelectedJobs {
  readonly selection: Selection;
  readonly found: SelectionCount;
  /** Stops between two pages. */
  readonly signal: AbortSignal;
  /** Jobs done so far. */
  onProgress?(done: number): void;
}

/** How many jobs the action would meet, and the first of them. @throws AppError DATABASE_* */
export async function countSelected(database: Database, selection: Selection): Promise<SelectionCount> {
  return countSelection(database, selection);
}

/** Acts on each page and counts the answers. Jobs accepted after the count are left alone. */
export async function forEachSelectedPage<Answer extends string>(
  database: Database,
  { selection, found, signal, onProgress }: SelectedJobs,
  act: (page: readonly RetryCandidate[]) => Promise<readonly { readonly answer: Answer }[]>,
): Promise<Partial<Record<Answer, number>>> {
  const counts: Partial<Record<Answer, number>> = {};
  let done = 0;
  for (let afterRowId = '0'; !signal.aborted; ) {
    const page = await listSelection(database, selection, {
      afterRowId,
      lastRowId: found.lastRowId,
      limit: rowsPerPage,
    });
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { answer } of await act(page)) counts[answer] = (counts[answer] ?? 0) + 1;
    done += page.length;
    onProgress?.(Math.min(done, found.count));
    afterRowId = last.row_id;
    if (page.length < rowsPerPage) break;
  }
  return counts;
}
