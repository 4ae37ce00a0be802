/** `vambe review`: a person's correction of a meeting's labels. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { wholeNumber, withExample } from '../kit/help.ts';

interface ReviewFlags {
  readonly reason?: string;
  readonly by?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('review')
    .description("a person's correction: it replaces the classifier's answer, now and when it runs again")
    .argument('<id>', 'id of the meeting', wholeNumber({ min: 1, max: 2_147_483_647 }))
    .argument('<field=value...>', 'field and value; null where the text does not say, a list with commas')
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who says so, for the record (default: the user of this machine)')
    .action((id: number, texts: string[], flags: ReviewFlags) => runReview(cli, { meetingId: id, texts, ...flags }));
  withExample(
    command,
    'vambe review 12 business_sector=healthcare urgency=true',
    'vambe review 12 lead_source=null --reason "never mentioned" --by "Camila Rojas"',
  );
}

const refreshTimeoutMs = 2_000;

interface Review extends ReviewFlags {
  readonly meetingId: number;
  /** field=value */
  readonly texts: readonly string[];
}

async function runReview(cli: Cli, { meetingId, texts, reason, by }: Review): Promise<void> {
  const [{ readTaxonomy }, { AppError }, { withDatabase }, { lookAtRedis }, { currentActor }] = await Promise.all([
    import('../../wire-services.ts'),
    import('../../core/errors.ts'),
    import('../kit/with-database.ts'),
    import('../../services/observe/look.ts'),
    import('../kit/actor.ts'),
  ]);
  const [{ readCorrections, reviewMeeting }, { replaceResultCopy }, { toReviewDocument }, { describeCorrection }] =
    await Promise.all([
      import('../../services/meetings/review-meeting.ts'),
      import('../../services/publishing/result-copy.ts'),
      import('../../contract/meetings.ts'),
      import('../print/meeting.ts'),
    ]);
  const { fields } = await readTaxonomy(cli.config().config);
  const corrections = readCorrections(texts, fields);
  if (by?.trim() === '') throw new AppError('USAGE', '--by is empty. Give a name, or leave it out.');
  await withDatabase(cli, async (database, { servers: { redisUrl }, emptyLabel }) => {
    const replaceCopy = (id: number, json: string) =>
      lookAtRedis(redisUrl, refreshTimeoutMs, (redis) => replaceResultCopy(redis, id, json));
    const reviewed = await reviewMeeting(
      { database, emptyLabel, replaceCopy },
      { meetingId, corrections, actor: by?.trim() ?? currentActor(), reason: reason?.trim() || null },
    );
    if (reviewed.staleCopy !== null) {
      const stale = 'the correction is saved, but a copy in Redis may show the former labels for a day';
      cli.note(`vambe: ${stale}: ${reviewed.staleCopy.message}`);
    }
    if (cli.json) cli.document(toReviewDocument(reviewed));
    else for (const each of reviewed.corrections) cli.out(describeCorrection(each));
  });
}
