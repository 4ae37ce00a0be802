/** `vambe show`: one meeting with its labels, the quotes that they rest on, and its history. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { wholeNumber, withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('show')
    .description('one meeting with its labels, their quotes, its transcript and history')
    .argument('<id>', 'id of the meeting', wholeNumber({ min: 1, max: 2_147_483_647 }))
    .action((id: number) => runShow(cli, id));
  withExample(command, 'vambe show 12', 'vambe show 12 --json');
}

const mostOfHistory = 50;

async function runShow(cli: Cli, meetingId: number): Promise<void> {
  const [
    { withDatabase },
    { readTaxonomy },
    { AppError },
    { findMeeting, listRuns },
    { listReviews },
    { labelsOf },
    { describeMeeting, toDocument },
  ] = await Promise.all([
    import('../kit/with-database.ts'),
    import('../../app.ts'),
    import('../../core/errors.ts'),
    import('../../models/queries/meetings.ts'),
    import('../../models/queries/reviews.ts'),
    import('../../services/reporting/meeting-labels.ts'),
    import('../describe-meeting.ts'),
  ]);
  const taxonomy = await readTaxonomy(cli.config().config);
  await withDatabase(cli, async (database, { servers }) => {
    const found = await findMeeting(database, meetingId);
    if (found === undefined) {
      throw new AppError('NOT_FOUND', `There is no meeting ${meetingId}. "vambe export" lists all of them.`);
    }
    const page = { meetingId, limit: mostOfHistory };
    const [jobs, runs, reviews] = await Promise.all([
      listMeetingJobs(cli, database, { ...page, redisUrl: servers.redisUrl }),
      listRuns(database, page),
      listReviews(database, page),
    ]);
    const labels = labelsOf({
      runFields: found.run_fields,
      columns: found.classification?.columns ?? {},
      corrected: found.corrected,
      order: taxonomy.fields.map(({ id }) => id),
    });
    const whole = { meeting: found, labels: found.classification === null ? [] : labels, jobs, runs, reviews };
    if (cli.json) cli.document(toDocument(whole));
    else cli.out(describeMeeting(cli, whole, Date.now()));
  });
}

/** Redis, which knows what runs now, is asked only where some job is open. */
async function listMeetingJobs(
  cli: Cli,
  database: import('../../core/database.ts').Database,
  { meetingId, limit, redisUrl }: { meetingId: number; limit: number; redisUrl: string },
): Promise<readonly import('../../models/queries/jobs.ts').JobSummary[]> {
  const [{ listJobs }, { readRunning }] = await Promise.all([
    import('../../models/queries/jobs.ts'),
    import('../kit/job-selection.ts'),
  ]);
  const filter = { meetingId };
  const { jobs } = await listJobs(database, { filter, running: [], limit });
  if (jobs.every(({ state }) => state !== 'queued' && state !== 'retrying')) return jobs;
  const running = await readRunning(cli, redisUrl);
  return running.length === 0 ? jobs : (await listJobs(database, { filter, running, limit })).jobs;
}
