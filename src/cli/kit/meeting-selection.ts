/** The options of commands that choose meetings by a filter. */
import type { Command } from 'commander';
import type { MeetingQuery } from '../../services/meetings/list-meetings.ts';
import type { Cli } from './cli.ts';
import { oneOf } from './help.ts';

const yesOrNo = ['yes', 'no'] as const;

export interface MeetingFlags {
  readonly filter?: string;
  readonly sector?: string;
  readonly seller?: string;
  readonly from?: string;
  readonly to?: string;
  readonly closed?: (typeof yesOrNo)[number];
  readonly needsReview?: boolean;
}

const filterHelp =
  'only meetings for which all terms hold: id, client, seller, email, closed, classified, needs_review, corrected, text, q or a field of the taxonomy with = or != (a comma is "or", null: the text does not say); met or confidence with <, <=, > or >= (met>=90d, confidence<0.8)';

export function withMeetingSelection(command: Command): Command {
  return command
    .option('-f, --filter <filter>', filterHelp)
    .option('--sector <sector>', 'only of this business sector')
    .option('--seller <name>', 'only of this seller')
    .option('--from <date>', 'only from this date on, or how long ago (90d)')
    .option('--to <date>', 'only before this date')
    .option('--closed <yes|no>', 'only closed ones, or only others', oneOf(yesOrNo))
    .option('--needs-review', 'only those that a person should look at');
}

/** `words` are looked for in the names of client and seller and in the e-mail. */
export async function readMeetingQuery(
  cli: Cli,
  { filter, sector, seller, from, to, closed, needsReview }: MeetingFlags,
  words: readonly string[] = [],
): Promise<MeetingQuery> {
  const { readTaxonomy } = await import('../../wire-services.ts');
  const { fields } = await readTaxonomy(cli.config().config);
  const quoted = (text: string) => `"${text.replaceAll('"', '')}"`;
  const options = [
    ...words.map((word) => `q=${quoted(word)}`),
    sector === undefined ? '' : `sector=${quoted(sector)}`,
    seller === undefined ? '' : `seller=${quoted(seller)}`,
    from === undefined ? '' : `met>=${quoted(from)}`,
    to === undefined ? '' : `met<${quoted(to)}`,
    closed === undefined ? '' : `closed=${closed}`,
    needsReview === true ? 'needs_review=yes' : '',
  ];
  const filters = [...options.filter((each) => each !== ''), ...(filter === undefined ? [] : [filter])];
  return { filters, context: { nowMs: Date.now(), fields } };
}

/** Whether anything was chosen. */
export function isChosen(query: MeetingQuery): boolean {
  return query.filters.length > 0;
}
