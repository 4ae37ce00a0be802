/** Meetings by filter, and counts of their labels. */
import type { Database } from '../../core/connections/database.ts';
import { type MeetingFilterContext, type MeetingTerm, parseMeetingFilter } from '../../models/meeting-filter.ts';
import {
  countLabels as count,
  type LabelCount,
  listMeetings as list,
  type MeetingPage,
} from '../../models/queries/meeting-list.ts';

export type { ListedMeeting, MeetingPage } from '../../models/queries/meeting-list.ts';

export interface MeetingQuery {
  /** Terms of the filter grammar, each as text; all hold. */
  readonly filters: readonly string[];
  readonly context: MeetingFilterContext;
}

export interface MeetingListRequest extends MeetingQuery {
  readonly limit: number;
  /** From `nextCursor` of the page before. */
  readonly cursor?: number;
}

/** Newest first. @throws AppError USAGE, DATABASE_* */
export async function listMeetings(database: Database, request: MeetingListRequest): Promise<MeetingPage> {
  return list(database, { terms: readTerms(request), limit: request.limit, cursor: request.cursor });
}

export interface FieldCounts {
  readonly field: string;
  /** Meetings of which the text does not say. */
  readonly notSaid: number;
  readonly corrected: number;
  /** Of the answers with a value that no person gave. */
  readonly meanConfidence: number | null;
  readonly values: readonly { readonly value: string; readonly meetings: number; readonly closed: number }[];
}

export interface LabelStats {
  readonly meetings: number;
  readonly classified: number;
  /** In the order of the taxonomy, others after. */
  readonly fields: readonly FieldCounts[];
}

/** @throws AppError USAGE, DATABASE_* */
export async function countLabels(database: Database, query: MeetingQuery): Promise<LabelStats> {
  const { meetings, classified, counts } = await count(database, readTerms(query));
  const order = query.context.fields.map(({ id }) => id);
  const found = [...new Set(counts.map(({ field }) => field))];
  const fields = [...order.filter((id) => found.includes(id)), ...found.filter((id) => !order.includes(id))];
  return { meetings, classified, fields: fields.map((field) => toFieldCounts(field, counts)) };
}

function toFieldCounts(field: string, counts: readonly LabelCount[]): FieldCounts {
  const own = counts.filter((each) => each.field === field);
  const said = own.filter(({ value }) => value !== null);
  const answered = said.filter(({ mean_confidence }) => mean_confidence !== null);
  const weight = answered.reduce((sum, { meetings }) => sum + meetings, 0);
  const total = answered.reduce((sum, { meetings, mean_confidence }) => sum + meetings * (mean_confidence ?? 0), 0);
  return {
    field,
    notSaid: own.filter(({ value }) => value === null).reduce((sum, { meetings }) => sum + meetings, 0),
    corrected: own.reduce((sum, { corrected }) => sum + corrected, 0),
    meanConfidence: weight === 0 ? null : total / weight,
    values: said.map(({ value, meetings, closed }) => ({ value: value ?? '', meetings, closed })),
  };
}

function readTerms({ filters, context }: MeetingQuery): readonly MeetingTerm[] {
  return filters.flatMap((filter) => parseMeetingFilter(filter, context));
}
