/** Finds meetings by a piece of their client's name. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { type FoundMeeting, findMeetingsOfClients } from '../../models/queries/meetings.ts';

export type { FoundMeeting } from '../../models/queries/meetings.ts';

export interface FindMeetingsRequest {
  /** Compared without case and accents. */
  readonly client: string;
  readonly limit: number;
}

export interface FoundMeetings {
  /** Newest first. */
  readonly meetings: readonly FoundMeeting[];
  /** Of all that fit, not only those listed. */
  readonly total: number;
}

/** @throws AppError USAGE for a blank name, DATABASE_* */
export async function findMeetings(database: Database, { client, limit }: FindMeetingsRequest): Promise<FoundMeetings> {
  const piece = client.trim();
  if (piece === '') throw new AppError('USAGE', 'The name is blank. Give an id, or a piece of the name of a client.');
  const meetings = await findMeetingsOfClients(database, { piece, limit });
  return { meetings, total: meetings[0]?.total ?? 0 };
}

const maxListed = 5;

/** The one meeting whose client's name has this piece in it. @throws AppError NOT_FOUND; USAGE where several meetings fit */
export async function findOneMeeting(database: Database, client: string): Promise<FoundMeeting> {
  const { meetings, total } = await findMeetings(database, { client, limit: maxListed });
  const [only] = meetings;
  if (only === undefined) {
    throw new AppError(
      'NOT_FOUND',
      `No meeting has a client named like "${client}". "vambe export" lists all of them.`,
    );
  }
  if (total === 1) return only;
  const listed = meetings.map(({ id, client_name, meeting_at }) => `${id} (${client_name}, ${dayOf(meeting_at)})`);
  const more = total > listed.length ? ` and ${total - listed.length} more` : '';
  throw new AppError('USAGE', `"${client}" fits ${total} meetings: ${listed.join(', ')}${more}. Give one of the ids.`);
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
