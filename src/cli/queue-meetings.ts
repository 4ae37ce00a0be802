/** Queues meetings for classification, block by block, and waits for their ends where that is wanted. */
import type { App } from '../app.ts';
import type { Database } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import type { EnqueueReport } from '../core/queue/enqueue.ts';
import { priorities } from '../core/queue/enqueue.ts';
import { findKnownMeetings, listMeetingsWithTranscript } from '../models/queries/meetings.ts';
import { listUnclassified } from '../models/queries/upkeep.ts';
import { describeEnded, summariseEnded } from './describe-ended.ts';
import type { Cli } from './kit/cli.ts';
import { withApp } from './kit/servers.ts';
import { type QueuedJob, waitForClassifications } from './wait-for-classifications.ts';

export interface QueueOptions {
  /** Ids without repeats, or which meetings. */
  readonly choice: readonly number[] | 'all' | 'unclassified';
  readonly isForced: boolean;
  readonly waits: boolean;
}

const idsABlock = 1_000;
/** What a person names goes before bulk work, unless it is bulk itself. */
const mostUrgentIds = 100;
const mostUnknownShown = 20;

export async function queueMeetings(cli: Cli, options: QueueOptions): Promise<void> {
  await withApp(cli, async (app) => {
    const { jobs, unknown, isQueued } = await queueBlocks(cli, app, options);
    if (!isQueued)
      cli.note('vambe: Redis did not take the jobs; a worker picks them up from the database within a minute.');
    if (unknown.length > 0) tellUnknown(cli, unknown);
    const hasKnown = jobs.length > 0 || unknown.length === 0;
    if (!hasKnown) cli.exitWith(3);
    else if (unknown.length > 0) cli.exitWith(4);
    if (options.waits && jobs.length > 0) await waitAndTell(cli, app, jobs, unknown);
    else tellQueued(cli, jobs, unknown);
  });
}

async function queueBlocks(
  cli: Cli,
  app: App,
  { choice, isForced }: QueueOptions,
): Promise<{ jobs: readonly QueuedJob[]; unknown: readonly number[]; isQueued: boolean }> {
  const jobs: QueuedJob[] = [];
  const unknown: number[] = [];
  let isQueued = true;
  const isUrgent = typeof choice !== 'string' && choice.length <= mostUrgentIds;
  const priority = isUrgent ? priorities.normal : priorities.bulk;
  for await (const ids of idBlocks(app.database, choice)) {
    if (cli.signal.aborted) break;
    const known = typeof choice === 'string' ? new Set(ids) : await findKnownMeetings(app.database, ids);
    unknown.push(...ids.filter((id) => !known.has(id)));
    const meetingIds = ids.filter((id) => known.has(id));
    const report: EnqueueReport = await app.enqueuer.enqueue(
      meetingIds.map((id) => ({ task: 'classify_meeting', args: [id, isForced], origin: 'cli', priority })),
    );
    if (report.queued === 'database') isQueued = false;
    for (const [index, { taskId, rowId }] of report.accepted.entries()) {
      const meetingId = meetingIds[index];
      if (meetingId === undefined) throw new AppError('BUG', 'More jobs were accepted than asked for.');
      jobs.push({ meetingId, taskId, rowId });
    }
  }
  return { jobs, unknown, isQueued };
}

/** Ids of the meetings chosen, 1,000 at most at a time. */
export async function* idBlocks(database: Database, choice: QueueOptions['choice']): AsyncGenerator<readonly number[]> {
  if (typeof choice !== 'string') {
    for (let at = 0; at < choice.length; at += idsABlock) yield choice.slice(at, at + idsABlock);
    return;
  }
  const list = choice === 'all' ? listMeetingsWithTranscript : listUnclassified;
  for (let afterId = 0; ; ) {
    const ids = await list(database, { afterId, limit: idsABlock });
    if (ids.length > 0) yield ids;
    const last = ids.at(-1);
    if (last === undefined || ids.length < idsABlock) return;
    afterId = last;
  }
}

export function tellUnknown(cli: Cli, unknown: readonly number[]): void {
  const shown = unknown.slice(0, mostUnknownShown).join(', ');
  const more = unknown.length > mostUnknownShown ? ` and ${unknown.length - mostUnknownShown} more` : '';
  cli.note(
    unknown.length === 1
      ? `vambe: There is no meeting ${shown}. Check the id.`
      : `vambe: There are no meetings ${shown}${more}. Check the ids.`,
  );
}

function tellQueued(cli: Cli, jobs: readonly QueuedJob[], unknown: readonly number[]): void {
  if (cli.json) {
    const queued = jobs.map(({ meetingId, taskId }) => ({ meeting_id: meetingId, task_id: taskId }));
    cli.document({ success: unknown.length === 0, accepted: jobs.length, jobs: queued, unknown });
    return;
  }
  if (jobs.length === 0) {
    if (unknown.length === 0) cli.note('Nothing to classify: no meeting fits.');
    return;
  }
  if (cli.isTerminal) {
    cli.out(`📥 ${jobs.length === 1 ? 'One meeting' : `${jobs.length} meetings`} queued.`);
    cli.note('"vambe status" shows how far they are; --wait waits for them.');
  } else
    cli.out(
      cli.table(
        ['meeting', 'task id'],
        jobs.map(({ meetingId, taskId }) => [meetingId, taskId]),
      ),
    );
}

async function waitAndTell(cli: Cli, app: App, jobs: readonly QueuedJob[], unknown: readonly number[]): Promise<void> {
  const ended = await waitForClassifications(cli, app, jobs);
  const summary = summariseEnded(ended);
  const failed = ended.length - summary.completed;
  if (cli.json) {
    cli.document({
      success: failed === 0 && unknown.length === 0,
      accepted: jobs.length,
      ...summary,
      unknown,
      results: ended.map(({ row_id: _, ...rest }) => rest),
    });
  } else cli.out(describeEnded(cli, ended));
  if (failed > 0) cli.exitWith(4);
}
