/** How commands on jobs choose them: ids, or a filter with a count and a question first. */
import { AppError } from '../../core/errors.ts';
import { type FilterTerm, parseJobFilter } from '../../models/job-filter.ts';
import type { Cli } from './cli.ts';
import { counted } from './counted.ts';

export interface SelectionFlags {
  readonly filter?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** What a command is to act on: the ids, each once, or the terms of a filter. @throws AppError USAGE for both, neither, and an empty filter */
export function idsOrFilter(
  ids: readonly string[],
  { filter, dryRun }: SelectionFlags,
): { ids: readonly string[] } | { terms: readonly FilterTerm[] } {
  if (ids.length > 0 && filter !== undefined)
    throw new AppError('USAGE', 'Give task ids or --filter, not both: it must be clear which jobs are meant.');
  if (filter !== undefined) return { terms: parseJobFilter(filter, Date.now()) };
  if (ids.length === 0) throw new AppError('USAGE', 'Give task ids, or --filter with at least one term.');
  if (dryRun === true) throw new AppError('USAGE', '--dry-run goes with --filter: ids say themselves what is meant.');
  return { ids: [...new Set(ids)] };
}

/** Task ids that workers run now; none, and a note, where Redis cannot say. */
export async function readRunning(cli: Cli, redisUrl: string | null): Promise<readonly string[]> {
  const { readRunningJobs } = await import('../../services/observe/look.ts');
  const { taskIds, trouble } = await readRunningJobs(redisUrl);
  if (trouble !== null) cli.note(`vambe: jobs in state processing are shown as queued: ${trouble}`);
  return taskIds;
}

interface Counted {
  readonly count: number;
  /** Ten at most. */
  readonly firstTaskIds: readonly string[];
}

/** Words for one action: `cancel` · `cancelled` · `can be cancelled`. */
interface ActionWords {
  readonly verb: string;
  readonly past: string;
}

/**
 * Tells how many jobs were found and asks; false when nothing is to be done (none, a dry run, or a "no"), which was then said.
 * @throws AppError USAGE where there is no terminal to ask at and --yes is missing
 */
export async function confirmSelection(
  cli: Cli,
  found: Counted,
  { flags, words }: { flags: SelectionFlags; words: ActionWords },
): Promise<boolean> {
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
    return false;
  };
  if (flags.dryRun === true) {
    if (!cli.json) for (const id of found.firstTaskIds) cli.out(id);
    const first = found.count > found.firstTaskIds.length ? `; the first ${found.firstTaskIds.length} are listed` : '';
    return nothing(`vambe: ${jobs} would be ${words.past}${first}. Nothing was done.`);
  }
  if (found.count === 0) return nothing(`vambe: no job like that can be ${words.past}.`);
  if (flags.yes === true) return true;
  const isWanted = await cli.confirm(`${jobs} will be ${words.past}. Go on?`);
  if (isWanted === null)
    throw new AppError(
      'USAGE',
      `${jobs} would be ${words.past}, and there is no terminal to ask at. Add --yes to ${words.verb} them, or --dry-run to see which.`,
    );
  return isWanted || nothing('vambe: nothing was done.');
}

/** Runs the action on a selection with a bar that shows how far it is. */
export async function withSelectionBar<T>(
  cli: Cli,
  total: number,
  act: (watch: { signal: AbortSignal; onProgress(done: number): void }) => Promise<T>,
): Promise<T> {
  const bar = cli.bar(total, 'jobs');
  try {
    return await act({ signal: cli.signal, onProgress: (done) => bar.update(done) });
  } finally {
    bar.stop();
  }
}
