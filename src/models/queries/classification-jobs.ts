/** Classification jobs: the open ones of meetings, and the outcomes that a command waits for. */
import type { Database, Statement } from '../../core/connections/database.ts';
import type { JobState } from '../../core/job-ledger.ts';
import { fieldColumns, readColumn } from '../classification-columns.ts';

/** An arbitrary constant: requests for classification wait for each other, so that none misses the jobs of another. */
const requestLock = 7_226_253_002;

/** Runs `use` while no other process requests classifications. @throws AppError DATABASE_* */
export function whileNoOtherRequests<T>(database: Database, use: () => Promise<T>): Promise<T> {
  return database.withClient(async (client) => {
    await client.query('begin');
    // Ends with the transaction, also behind a pooler and when this process dies.
    await client.query('select pg_advisory_xact_lock($1)', [requestLock]);
    const result = await use();
    await client.query('commit');
    return result;
  });
}

export interface OpenClassification {
  readonly meeting_id: number;
  readonly task_id: string;
  readonly row_id: string;
}

const openStatement: Statement = {
  name: 'classification_jobs_open',
  text: `
select distinct on (meeting_id) meeting_id, task_id, id::text as row_id from vambe_worker.jobs
where meeting_id = any($1::int[]) and task = $2 and state in ('queued', 'retrying')
  and not coalesce((parameters->>'force_reprocess')::boolean, false)
order by meeting_id, id`,
};

/** The oldest open and unforced job of each of these meetings that has one. */
export async function listOpenClassifications(
  database: Database,
  { meetingIds, task }: { meetingIds: readonly number[]; task: string },
): Promise<readonly OpenClassification[]> {
  return database.run<OpenClassification>(openStatement, [meetingIds, task]);
}

export interface EndedClassification {
  readonly row_id: string;
  readonly task_id: string;
  readonly meeting_id: number;
  readonly state: JobState;
  readonly error_code: string | null;
  readonly error_message: string | null;
  /** The job classified nothing, because the input had not changed. */
  readonly unchanged: boolean;
  /** Current columns of the meeting's classification; null where it has none. */
  readonly labels: Readonly<Record<string, unknown>> | null;
  readonly confidence_score: number | null;
}

const columns = Object.keys(fieldColumns)
  .map((name) => `'${name}', ${readColumn(name)}`)
  .join(', ');

const endedStatement: Statement = {
  name: 'classification_jobs_ended',
  text: `
select j.id::text as row_id, j.task_id, j.meeting_id, j.state, j.error_code, j.error_message, coalesce((j.result->>'unchanged')::boolean, false) as unchanged,
  case when mc.id is not null then json_build_object(${columns}) end as labels, mc.confidence_score::float8 as confidence_score
from vambe_worker.jobs j left join public.meetings_classifications mc on mc.meeting_id = j.meeting_id
where j.id = any($1::bigint[]) and j.state not in ('queued', 'retrying')`,
};

/** The ended jobs among the given ones. */
export async function listEndedClassifications(
  database: Database,
  rowIds: readonly string[],
): Promise<readonly EndedClassification[]> {
  return database.run<EndedClassification>(endedStatement, [rowIds]);
}

export interface RetryCause {
  readonly jobs: number;
  readonly error_code: string;
  readonly error_message: string;
}

const retryCausesStatement: Statement = {
  name: 'classification_jobs_retry_causes',
  text: `
select count(*)::int as jobs, error_code, coalesce(min(error_message), '') as error_message
from vambe_worker.jobs where id = any($1::bigint[]) and state = 'retrying' and error_code is not null
group by error_code order by 1 desc, 2`,
};

/** Error codes of those jobs that wait for a retry, most frequent first, each with an example message. */
export async function listRetryCauses(database: Database, rowIds: readonly string[]): Promise<readonly RetryCause[]> {
  return database.run<RetryCause>(retryCausesStatement, [rowIds]);
}
