/** The meetings that a request means: the ids it names, all of them, or those without a classification. */
import type { Database } from '../../core/connections/database.ts';
import { findKnownMeetings, listMeetingsWithTranscript } from '../../models/queries/meetings.ts';
import { listUnclassified } from '../../models/queries/upkeep.ts';

/** Ids without repeats, or a name for many meetings; `all` and `unclassified` leave out meetings without a transcript. */
export type MeetingChoice = readonly number[] | 'all' | 'unclassified';

export interface MeetingBlock {
  readonly known: readonly number[];
  /** Ids that were named and are no meetings. */
  readonly unknown: readonly number[];
}

const idsPerBlock = 1_000;

/** Blocks of at most 1,000 ids. @throws AppError DATABASE_* */
export async function* chooseMeetings(database: Database, choice: MeetingChoice): AsyncGenerator<MeetingBlock> {
  if (typeof choice === 'string') {
    for await (const known of listIds(database, choice)) yield { known, unknown: [] };
    return;
  }
  for (let at = 0; at < choice.length; at += idsPerBlock) {
    const ids = choice.slice(at, at + idsPerBlock);
    const found = await findKnownMeetings(database, ids);
    yield { known: ids.filter((id) => found.has(id)), unknown: ids.filter((id) => !found.has(id)) };
  }
}

async function* listIds(database: Database, choice: 'all' | 'unclassified'): AsyncGenerator<readonly number[]> {
  const list = choice === 'all' ? listMeetingsWithTranscript : listUnclassified;
  for (let afterId = 0; ; ) {
    const ids = await list(database, { afterId, limit: idsPerBlock });
    if (ids.length > 0) yield ids;
    const last = ids.at(-1);
    if (last === undefined || ids.length < idsPerBlock) return;
    afterId = last;
  }
}
