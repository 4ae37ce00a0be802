/** The current labels of meetings, with the transcripts that they come from. Only reads. */
import type { Database, Statement } from '../../core/connections/database.ts';
import { fieldColumns, readColumn } from '../classification-columns.ts';

export interface StandingMeeting {
  readonly meeting_id: number;
  readonly transcript: string;
  readonly seller_prompt: string;
  /** Values of the columns that fields are mapped to; null: the meeting has no classification. */
  readonly columns: Readonly<Record<string, unknown>> | null;
  /** By field id, from the run that made the classification; null where another worker made it. */
  readonly run_fields: Readonly<Record<string, unknown>> | null;
  /** A person's corrections, by field id. */
  readonly corrected: Readonly<Record<string, unknown>>;
}

const columns = Object.keys(fieldColumns).map((name) => `'${name}', ${readColumn(name)}`);

const standingStatement: Statement = {
  name: 'meeting_standing',
  text: `
select m.id::int as meeting_id, m.transcript, to_jsonb(s) ->> 'prompt' as seller_prompt,
  case when mc.id is not null then jsonb_build_object(${columns.join(', ')}) end as columns,
  r.fields as run_fields, coalesce(cu.corrected, '{}') as corrected
from public.meetings m
join public.sellers s on s.id = m.seller_id
left join public.meetings_classifications mc on mc.meeting_id = m.id
left join vambe_worker.current cu on cu.meeting_id = m.id
left join vambe_worker.runs r on r.id = cu.run_id and r.model = mc.model_used
where m.id = any($1::int[]) and m.transcript ~ '\\S'
order by m.id`,
};

/** The meetings among these ids that have a transcript, ordered by id. @throws AppError DATABASE_* */
export async function findStandingMeetings(
  database: Database,
  ids: readonly number[],
): Promise<readonly StandingMeeting[]> {
  return database.run<StandingMeeting>(standingStatement, [ids]);
}
