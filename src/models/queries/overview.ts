/** Counts over all meetings, for summaries. */
import type { Database } from '../../core/connections/database.ts';
import { readColumn } from '../classification-columns.ts';

export async function countMeetings(database: Database): Promise<number> {
  const [row] = await database.run<{ count: number }>(
    { name: 'meeting_count', text: 'select count(*)::int as count from public.meetings' },
    [],
  );
  return row?.count ?? 0;
}

/** Classification jobs that are due and have not ended; jobs waiting for a later attempt are not counted. */
export async function countOpenClassifications(database: Database): Promise<number> {
  const text = `
select count(*)::int as count from vambe_worker.jobs
where state in ('queued', 'retrying') and meeting_id is not null and (due_at is null or due_at <= now() + interval '5 seconds')`;
  const [row] = await database.run<{ count: number }>({ name: 'job_count_open_classifications', text }, []);
  return row?.count ?? 0;
}

export interface Overview {
  readonly meetings: number;
  readonly classified: number;
  readonly without_transcript: number;
  readonly failed_jobs: number;
  readonly mean_confidence: number;
  readonly columns: Readonly<Record<string, readonly { readonly value: string; readonly meetings: number }[]>>;
}

/** The columns that a summary counts. */
const summarised = ['business_sector', 'purchase_stage', 'primary_pain_point', 'lead_source'] as const;

/** The number of meetings, and their most frequent labels. */
export async function summarise(database: Database): Promise<Overview> {
  const counted = summarised
    .map(
      (column) =>
        `'${column}', (select coalesce(json_agg(json_build_object('value', value, 'meetings', meetings) order by meetings desc, value), '[]') from (select ${readColumn(column)} as value, count(*)::int as meetings from public.meetings_classifications mc where ${readColumn(column)} is not null group by 1) v)`,
    )
    .join(', ');
  const text = `
select (select count(*)::int from public.meetings) as meetings,
  (select count(*)::int from public.meetings_classifications) as classified,
  (select count(*)::int from public.meetings where transcript is null or transcript !~ '\\S') as without_transcript,
  (select count(*)::int from vambe_worker.jobs where state = 'failed') as failed_jobs,
  (select coalesce(round(avg(confidence_score), 2), 0)::float8 from public.meetings_classifications) as mean_confidence,
  json_build_object(${counted}) as columns`;
  const [row] = await database.run<Overview>({ name: 'overview', text }, []);
  if (!row) throw new Error('a select without from gives one row');
  return row;
}
