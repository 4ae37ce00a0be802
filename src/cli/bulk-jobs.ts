/** What commands on many jobs share: ids or a filter, a count first, a question, and 1,000 jobs a page. */
import type { Database } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import { type FilterTerm, parseJobFilter } from '../models/job-filter.ts';
import type { RetryCandidate } from '../models/queries/jobs.ts';
import { countSelection, listSelection, type Selection, type SelectionCount } from '../models/queries/operations.ts';
import type { Cli } from './kit/cli.ts';
import { counted } from './kit/counted.ts';

const rowsAPage = 1_000;

export interface BulkFlags {
  readonly filter?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** What a command is to act on: the ids, each once, or the terms of a filter. @throws AppError USAGE for both, neither, and an empty filter */
export function idsOrFilter(
  ids: readonly string[],
  { filter, dryRun }: BulkFlags,
): { ids: readonly string[] } | { terms: readonly FilterTerm[] } {
  if (ids.length > 0 && filter !== undefined)
    throw new AppError('USAGE', 'Give task ids or --filter, not both: it must be clear which jobs are meant.');
  if (filter !== undefined) return { terms: parseJobFilter(filter, Date.now()) };
  if (ids.length === 0) throw new AppError('USAGE', 'Give task ids, or --filter with at least one term.');
  if (dryRun === true) throw new AppError('USAGE', '--dry-run goes with --filter: ids say themselves what is meant.');
  return { ids: [...new Set(ids)] };
}

/** Words for one action: `cancel` · `cancelled` · `can be cancelled`. */
export interface BulkWords {
  readonly verb: string;
  readonly past: string;
}

/**
 * Counts, tells and asks; null when nothing is to be done (none, a dry run, or a "no"), which was then said.
 * @throws AppError USAGE where nobody can be asked and --yes is missing
 */
export async function confirmSelection(
  cli: Cli,
  database: Database,
  { selection, flags, words }: { selection: Selection; flags: BulkFlags; words: BulkWords },
): Promise<SelectionCount | null> {
  const found = await countSelection(database, selection);
  const jobs = counted(found.count, 'job');
  const nothing = (note: string) => {
    if (cli.json)
      cli.document({
        success: true,
        matched: found.count,
        dry_run: flags.dryRun === true,
        task_ids: found.firstTaskIds,
      });
    cli.note(note);
    return null;
  };
  if (flags.dryRun === true) {
    if (!cli.json) for (const id of found.firstTaskIds) cli.out(id);
    const first = found.count > found.firstTaskIds.length ? `; the first ${found.firstTaskIds.length} are listed` : '';
    return nothing(`vambe: ${jobs} would be ${words.past}${first}. Nothing was done.`);
  }
  if (found.count === 0) return nothing(`vambe: no job like that can be ${words.past}.`);
  if (flags.yes === true) return found;
  const isWanted = await cli.confirm(`${jobs} will be ${words.past}. Go on?`);
  if (isWanted === null)
    throw new AppError(
      'USAGE',
      `${jobs} would be ${words.past}, and there is no terminal to ask at. Add --yes to ${words.verb} them, or --dry-run to see which.`,
    );
  return isWanted ? found : nothing('vambe: nothing was done.');
}

/** Acts on a counted selection page by page and counts the answers; stops between pages when it is interrupted. */
export async function forEachPage<Answer extends string>(
  cli: Cli,
  database: Database,
  {
    selection,
    found,
    act,
  }: {
    selection: Selection;
    found: SelectionCount;
    act(page: readonly RetryCandidate[]): Promise<readonly { answer: Answer }[]>;
  },
): Promise<Partial<Record<Answer, number>>> {
  const counts: Partial<Record<Answer, number>> = {};
  const bar = cli.bar(found.count, 'jobs');
  let done = 0;
  try {
    for (let afterRowId = '0'; !cli.signal.aborted; ) {
      const page = await listSelection(database, selection, {
        afterRowId,
        lastRowId: found.lastRowId,
        limit: rowsAPage,
      });
      const last = page.at(-1);
      if (last === undefined) break;
      for (const { answer } of await act(page)) counts[answer] = (counts[answer] ?? 0) + 1;
      done += page.length;
      bar.update(Math.min(done, found.count));
      afterRowId = last.row_id;
      if (page.length < rowsAPage) break;
    }
  } finally {
    bar.stop();
  }
  return counts;
}
