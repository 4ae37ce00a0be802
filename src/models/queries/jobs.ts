/** What people ask of the job table: lists, one job with all its details, ids, and counts. */
import type { Database, Statement } from '../../core/connections/database.ts';
import type { CallTerms, JobState } from '../../core/job-ledger.ts';
import { type FilterState, largestRowId } from '../job-filter.ts';
import type { AttemptNote } from '../worker-tables.ts';

export type ShownState = FilterState;

/** Times are ISO 8601, ids decimal text. */
export interface JobSummary {
  readonly row_id: string;
  readonly task_id: string;
  readonly task: string;
  readonly queue: string;
  readonly meeting_id: number | null;
  readonly state: ShownState;
  readonly origin: string;
  /** Attempts that were started so far. */
  readonly attempts: number;
  readonly error_code: string | null;
  readonly worker: string | null;
  readonly accepted_at: string;
  readonly due_at: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  /** Of the last attempt; null until an attempt has ended. */
  readonly duration_ms: number | null;
}

const instant = (column: string) => `to_json(j.${column})#>>'{}' as ${column}`;
const isOpen = `j.state in ('queued', 'retrying')`;
const isRunning = `${isOpen} and j.task_id = any($1::text[])`;
/** Queues that wait for a provider; read once per statement. */
const heldQueues = `select name from vambe_worker.controls where kind = 'provider' and (until is null or until > now())`;

/** Of `vambe_worker.jobs j`; $1 is the list of task ids that workers run now. */
export const summaryColumns = `j.id::text as row_id, j.task_id, j.task, j.queue, j.meeting_id, j.origin, j.error_code, j.worker,
  case when ${isRunning} then 'processing' when ${isOpen} and j.queue in (${heldQueues}) then 'waiting' else j.state end as state,
  jsonb_array_length(j.attempts) + (j.state = 'completed' or ${isRunning})::int as attempts,
  ${['accepted_at', 'due_at', 'started_at', 'finished_at'].map(instant).join(', ')},
  round(extract(epoch from j.finished_at - j.started_at) * 1000)::float8 as duration_ms`;

export interface JobFilter {
  readonly state?: ShownState;
  readonly task?: string;
  readonly meetingId?: number;
}

export interface JobPage {
  readonly jobs: readonly JobSummary[];
  /** Pass it as `cursor` to read older jobs; null: there are none. */
  readonly nextCursor: string | null;
}

/** States are literals in the SQL text, because the planner can then use partial indexes. $1 as above. */
export function stateCondition(state: ShownState): string {
  switch (state) {
    case 'processing':
      return isRunning;
    case 'waiting':
      return `${isOpen} and j.task_id <> all($1::text[]) and j.queue in (${heldQueues})`;
    case 'queued':
    case 'retrying':
      return `j.state = '${state}' and j.task_id <> all($1::text[]) and j.queue not in (${heldQueues})`;
    default:
      return `j.state = '${state}'`;
  }
}

function listStatement({ state, task, meetingId }: JobFilter): Statement {
  const conditions = ['j.id < $2::bigint'];
  if (state !== undefined) conditions.push(stateCondition(state));
  // Each parameter appears in every text, because PostgreSQL cannot infer the type of an unused one.
  conditions.push(task === undefined ? '$3::text is null' : 'j.task = $3::text');
  conditions.push(meetingId === undefined ? '$4::int is null' : 'j.meeting_id = $4::int');
  const name = `jobs_list_${state ?? 'any'}${task === undefined ? '' : '_task'}${meetingId === undefined ? '' : '_meeting'}`;
  return {
    name,
    text: `select ${summaryColumns} from vambe_worker.jobs j where ${conditions.join(' and ')} order by j.id desc limit $5::int`,
  };
}

/** Newest first. `running`: the task ids that workers run now. */
export async function listJobs(
  database: Database,
  page: { filter: JobFilter; running: readonly string[]; limit: number; cursor?: string },
): Promise<JobPage> {
  const { filter, running, limit, cursor } = page;
  const values = [running, cursor ?? largestRowId, filter.task ?? null, filter.meetingId ?? null, limit + 1];
  const rows = await database.run<JobSummary>(listStatement(filter), values);
  const jobs = rows.slice(0, limit);
  return { jobs, nextCursor: rows.length > limit ? (jobs.at(-1)?.row_id ?? null) : null };
}

interface AuditNote {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reason: string | null;
}

export interface JobWhole extends JobSummary {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly attempt_notes: readonly AttemptNote[];
  readonly error_message: string | null;
  readonly result: unknown;
  /** What a Celery producer sent in addition to the parameters; the raw message of a rejected job. */
  readonly message: unknown;
  readonly priority: number;
  /** How often it was added to the queue again. */
  readonly delivery: number;
  readonly run_id: string | null;
  readonly alone: boolean;
  /** What people changed by hand, oldest first. */
  readonly changes: readonly AuditNote[];
}

const findStatement: Statement = {
  name: 'jobs_find',
  text: `
select ${summaryColumns}, j.parameters, j.attempts as attempt_notes, j.error_message, j.result, j.message, j.priority, j.delivery,
  j.run_id::text, j.alone,
  (select coalesce(json_agg(json_build_object('at', a.at, 'actor', a.actor, 'action', a.action, 'before', a.before,
    'after', a.after, 'reason', a.reason) order by a.id), '[]')
   from vambe_worker.audit a where a.object = 'job:' || j.task_id) as changes
from vambe_worker.jobs j where j.task_id = $2`,
};

/** One job by its public id; undefined where there is none. `running` as for `listJobs`. */
export async function findJob(
  database: Database,
  { taskId, running }: { taskId: string; running: readonly string[] },
): Promise<JobWhole | undefined> {
  const [row] = await database.run<JobWhole>(findStatement, [running, taskId]);
  return row;
}

export interface JobEnding {
  readonly state: JobState;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

const stateStatement: Statement = {
  name: 'jobs_state',
  text: 'select state, error_code, error_message from vambe_worker.jobs where task_id = $1',
};

/** Reads only the few columns that a polling caller needs. */
export async function readJobState(database: Database, taskId: string): Promise<JobEnding | undefined> {
  const [row] = await database.run<JobEnding>(stateStatement, [taskId]);
  return row;
}

/** A running or waiting job in a list. */
export interface JobCall {
  readonly row_id: string;
  readonly task_id: string;
  readonly task: string;
  readonly queue: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly priority: number;
  /** Options of its sender; null: none. */
  readonly terms: CallTerms | null;
  /** Not before this moment, ISO 8601; null: at once. */
  readonly due_at: string | null;
  readonly is_open: boolean;
}

const callsStatement: Statement = {
  name: 'jobs_calls',
  text: `
select j.id::text as row_id, j.task_id, j.task, j.queue, j.parameters, j.priority, j.message as terms,
  to_json(j.due_at)#>>'{}' as due_at,
  j.state in ('queued', 'retrying') as is_open
from vambe_worker.jobs j where j.task_id = any($1::text[])
union
select j.id::text, j.task_id, j.task, j.queue, j.parameters, j.priority, j.message, to_json(j.due_at)#>>'{}',
  j.state in ('queued', 'retrying')
from vambe_worker.jobs j where j.id = any($2::bigint[])`,
};

/** The jobs with these task ids or row ids, in any order; unknown ids are left out. */
export async function readJobCalls(
  database: Database,
  { taskIds, rowIds }: { taskIds: readonly string[]; rowIds: readonly string[] },
): Promise<readonly JobCall[]> {
  return database.run<JobCall>(callsStatement, [taskIds, rowIds]);
}

const taskIdsStatement: Statement = {
  name: 'jobs_task_ids',
  text: 'select task_id from vambe_worker.jobs where task_id = any($1::text[])',
};

/** The ids among these that belong to jobs. */
export async function findTaskIds(database: Database, taskIds: readonly string[]): Promise<readonly string[]> {
  const rows = await database.run<{ task_id: string }>(taskIdsStatement, [taskIds]);
  return rows.map(({ task_id }) => task_id);
}

/** Scans the whole table: the index on ids uses the database's collation, in which a prefix is not a range. */
const prefixStatement: Statement = {
  name: 'jobs_task_id_prefix',
  text: 'select task_id from vambe_worker.jobs where starts_with(task_id, $1) order by id desc limit $2::int',
};

/** Ids that begin with the prefix, the newest jobs first. */
export async function findTaskIdsByPrefix(
  database: Database,
  { prefix, limit }: { prefix: string; limit: number },
): Promise<readonly string[]> {
  const rows = await database.run<{ task_id: string }>(prefixStatement, [prefix, limit]);
  return rows.map(({ task_id }) => task_id);
}

// ---------------------------------------------------------------- counts

/** Counts are exact up to this number; a higher count only means "more than this". */
export const mostCounted = 10_000;

export interface JobCounts {
  readonly queued: number;
  readonly retrying: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly rejected: number;
  /** Open rows by queue. */
  readonly open: Readonly<Record<string, number>>;
  /** Retrying jobs by the error code of their last attempt. */
  readonly retrying_by_code: Readonly<Record<string, number>>;
}

/** Each count stops at 10,001, so that a long history does not slow it down. Completed jobs have no index, so they are not counted. */
const countStatement: Statement = {
  name: 'jobs_count',
  text: `
with open as materialized (
  select state, queue, error_code from vambe_worker.jobs where state in ('queued', 'retrying') limit ${mostCounted + 1}
)
select (select count(*)::int from open where state = 'queued') as queued,
  (select count(*)::int from open where state = 'retrying') as retrying,
  ${['failed', 'cancelled', 'rejected']
    .map(
      (state) =>
        `(select count(*)::int from (select 1 from vambe_worker.jobs where state = '${state}' limit ${mostCounted + 1}) s) as ${state}`,
    )
    .join(',\n  ')},
  (select coalesce(json_object_agg(queue, n), '{}') from (select queue, count(*)::int as n from open group by queue) q) as open,
  (select coalesce(json_object_agg(coalesce(error_code, 'unknown'), n), '{}')
   from (select error_code, count(*)::int as n from open where state = 'retrying' group by error_code) q) as retrying_by_code`,
};

/** Counts of open, failed, cancelled and rejected jobs. A number above 10,000 means "more than 10,000". */
export async function countJobs(database: Database): Promise<JobCounts> {
  const [row] = await database.run<JobCounts>(countStatement, []);
  return row ?? { queued: 0, retrying: 0, failed: 0, cancelled: 0, rejected: 0, open: {}, retrying_by_code: {} };
}
