/** `vambe show`: one meeting with its labels, the quotes that they rest on, and its history. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('show')
    .description('one meeting with its labels, their quotes, its transcript and history')
    .argument('<meeting>', "id of the meeting, or a piece of its client's name that fits no other meeting")
    .action((given: string) => runShow(cli, given));
  withExample(command, 'vambe show 12', 'vambe show "clinica norte"', 'vambe show 12 --json');
}

const maxId = 2_147_483_647;

async function runShow(cli: Cli, given: string): Promise<void> {
  const [{ readTaxonomy }, { withDatabase }, { findOneMeeting }, { showMeeting }, contract, { describeMeeting }] =
    await Promise.all([
      import('../../wire-services.ts'),
      import('../kit/with-database.ts'),
      import('../../services/meetings/find-meetings.ts'),
      import('../../services/meetings/show-meeting.ts'),
      import('../../contract/meetings.ts'),
      import('../print/meeting.ts'),
    ]);
  const id = await readId(given);
  const taxonomy = await readTaxonomy(cli.config().config);
  await withDatabase(cli, async (database, { servers }) => {
    const meetingId = id ?? (await findOneMeeting(database, given)).id;
    const listRunning = async () => (await import('../kit/job-selection.ts')).readRunning(cli, servers.redisUrl);
    const order = taxonomy.fields.map((field) => field.id);
    const shown = await showMeeting({ database, listRunning }, { meetingId, order });
    if (cli.json) cli.document(contract.toMeetingDocument(shown));
    else cli.out(describeMeeting(cli, shown, Date.now()));
  });
}

/** Undefined: it is a name. @throws AppError USAGE for a number that is no id */
async function readId(given: string): Promise<number | undefined> {
  if (!/^-?\d+(\.\d+)?$/.test(given)) return undefined;
  const id = Number(given);
  if (Number.isInteger(id) && id >= 1 && id <= maxId) return id;
  const { AppError } = await import('../../core/errors.ts');
  throw new AppError(
    'USAGE',
    `"${given}" is no id of a meeting. Give a whole number from 1 to ${maxId}, or a piece of the client's name.`,
  );
}
