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
    .description("a person's correction: it stands instead of the classifier's answer, now and when it runs again")
    .argument('<id>', 'id of the meeting', wholeNumber({ min: 1, max: 2_147_483_647 }))
    .argument('<field=value...>', 'field and value; null where the text does not say, a list with commas')
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who says so, for the record (default: the user of this machine)')
    .action(async (id: number, texts: string[], flags: ReviewFlags) => {
      const { runReview } = await import('../run-review.ts');
      await runReview(cli, { meetingId: id, texts, ...flags });
    });
  withExample(
    command,
    'vambe review 12 business_sector=healthcare urgency=true',
    'vambe review 12 lead_source=null --reason "never mentioned" --by "Camila Rojas"',
  );
}
