/** `vambe meetings`: meetings with their labels, newest first, by words and by a filter. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { wholeNumber, withExample } from '../kit/help.ts';
import { isChosen, type MeetingFlags, readMeetingQuery, withMeetingSelection } from '../kit/meeting-selection.ts';

interface ListFlags extends MeetingFlags {
  readonly limit: number;
  readonly cursor?: number;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('meetings')
    .description('meetings with their labels, newest first')
    .argument('[word...]', "pieces of the client's or seller's name or the client's e-mail; all of them must be there");
  withMeetingSelection(command)
    .option('-n, --limit <count>', 'meetings to list', wholeNumber({ min: 1, max: 1000 }), 20)
    .option(
      '--cursor <cursor>',
      'go on with what is older; the end of a list names it',
      wholeNumber({ min: 1, max: 2_147_483_647 }),
    )
    .action((words: readonly string[], flags: ListFlags) => runList(cli, words, flags));
  withExample(
    command,
    'vambe meetings clinica',
    'vambe meetings --sector healthcare --closed no --from 90d',
    'vambe meetings --needs-review',
    `vambe meetings --filter 'primary_pain_point=saturated_support seller="Camila Rojas" text=WhatsApp confidence<0.8'`,
  );
}

async function runList(cli: Cli, words: readonly string[], flags: ListFlags): Promise<void> {
  const [{ withDatabase }, { listMeetings }, { toMeetingListDocument }, { describeMeetingList }] = await Promise.all([
    import('../kit/with-database.ts'),
    import('../../services/meetings/list-meetings.ts'),
    import('../../contract/meeting-list.ts'),
    import('../print/meeting-list.ts'),
  ]);
  const query = await readMeetingQuery(cli, flags, words);
  const { limit, cursor } = flags;
  const page = await withDatabase(cli, (database) => listMeetings(database, { ...query, limit, cursor }));
  if (cli.json) return cli.document(toMeetingListDocument(page));
  if (page.meetings.length > 0 || !cli.isTerminal) cli.out(describeMeetingList(cli, page.meetings));
  if (page.meetings.length === 0) {
    const none = isChosen(query) ? 'No meetings like that.' : 'No meetings yet. "vambe import FILE" brings some.';
    return cli.note(cursor === undefined ? none : 'No older meetings.');
  }
  const total = page.total === null ? 'more than 10,000' : String(page.total);
  if (cli.isTerminal) cli.note(`${page.meetings.length} of ${total}.`);
  if (page.nextCursor !== null) cli.note(`There are older ones: add --cursor ${page.nextCursor}`);
}
