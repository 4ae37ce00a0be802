/** Follow-ups that Redis refused, as the row of their job keeps them. Pure. */
import { AppError } from '../../core/errors.ts';
import type { UnsentFollowUp } from '../../core/job-ledger.ts';
import { storableText } from '../../core/storable.ts';
import type { PlannedChord } from './canvas.ts';
import type { ChordMember, MemberEnd } from './chord-count.ts';

/** A task message and the key of its list. */
export interface SentMessage {
  readonly id: string;
  readonly key: string;
  readonly raw: string;
}

export interface UnsentMessages {
  readonly kind: 'messages';
  /** Chords of these messages that are not saved yet. */
  readonly chords: readonly PlannedChord[];
  readonly messages: readonly SentMessage[];
}

/** `member`: a member of a chord that ended and was not counted. */
export type Unsent =
  | UnsentMessages
  | { readonly kind: 'member'; readonly member: ChordMember; readonly end: MemberEnd };

const maxShownIds = 5;

export function unsentError(unsent: Unsent, { message }: Error): AppError {
  const why = storableText(message, 200);
  return new AppError(
    'FOLLOW_UP_UNSENT',
    `Redis refused ${describe(unsent)} (${why}). Correct it, then "vambe retry ID" sends it.`,
  );
}

function describe(unsent: Unsent): string {
  if (unsent.kind === 'member') return `to count a member of the chord ${unsent.member.groupId}`;
  const { messages } = unsent;
  const shown = messages.slice(0, maxShownIds).map(({ id, key }) => `${id} to "${key}"`);
  const more = messages.length > maxShownIds ? ` and ${messages.length - maxShownIds} more` : '';
  return `${messages.length === 1 ? 'the task' : 'the tasks'} ${shown.join(', ')}${more}`;
}

export function toUnsentFollowUp(unsent: Unsent, { code, message }: AppError, nowMs: number): UnsentFollowUp {
  // As text, because jsonb refuses some characters.
  return {
    at: new Date(nowMs).toISOString(),
    code,
    message: storableText(message, 1_024),
    redo: JSON.stringify(unsent),
  };
}

/** Reads what `toUnsentFollowUp` wrote. */
export function readUnsent({ redo }: UnsentFollowUp): Unsent {
  return JSON.parse(redo);
}
