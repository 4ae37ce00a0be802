/** The part of the job ledger that recovery uses: finds open and recently ended rows, and delivers rows again. */
import type { Database, Statement } from '../../core/connections/database.ts';
import type { EndedJob, JobLedger, OpenJob, UntouchedJob } from '../../core/job-ledger.ts';

type RecoveryQueries = Pick<
  JobLedger,
  'listOpen' | 'listEnded' | 'listUntouched' | 'withdraw' | 'countOpen' | 'redeliver'
>;

export function createRecoveryQueries(database: Database): RecoveryQueries {
  return {
    async listOpen({ afterRowId, limit, olderThanMs }) {
      return (await database.run<OpenRow>(listOpenStatement, [afterRowId, limit, olderThanMs])).map(toOpenJob);
    },
    async listEnded({ minMs, maxMs, limit }) {
      return database.run<EndedJob>(listEndedStatement, [minMs, maxMs, limit]);
    },
    async listUntouched(queues, limit) {
      return database.run<UntouchedJob>(untouchedStatement, [queues, limit]);
    },
    async withdraw(rowIds) {
      const rows = await database.run<{ id: string }>(withdrawStatement, [rowIds]);
      return rows.map(({ id }) => id);
    },
    async countOpen() {
      const rows = await database.run<{ queue: string; open: number }>(countOpenStatement, []);
      return Object.fromEntries(rows.map(({ queue, open }) => [queue, open]));
    },
    async redeliver(jobs) {
      const input = jobs.map(({ rowId, delivery }) => ({ id: rowId, delivery }));
      return (await database.run<OpenRow>(redeliverStatement, [JSON.stringify(input)])).map(toOpenJob);
    },
  };
}

interface OpenRow {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly delivery: number;
  readonly priority: number;
  readonly attempt: number;
  readonly due_at: string | null;
}

const openColumns =
  "j.id::text, j.task, j.queue, j.delivery, j.priority, j.attempt, to_json(j.due_at)#>>'{}' as due_at";

const listOpenStatement: Statement = {
  name: 'job_list_open',
  text: `
select ${openColumns} from vambe_worker.jobs j
where j.state in ('queued', 'retrying') and j.id > $1::bigint
  and ($3::int is null or j.delivered_at < now() - $3::int * interval '1 millisecond')
order by j.id limit $2::int`,
};

/**
 * There is no index on finished_at, because it would cost each job one more write. Runs are numbered when they start, so the newest
 * runs include classifications that waited for a long time. Other tasks are found while they are among the newest rows.
 */
const listEndedStatement: Statement = {
  name: 'job_list_ended',
  text: `
with recent as (
  (select r.job_id as id from vambe_worker.runs r where r.job_id is not null order by r.id desc limit $3::int)
  union
  (select j.id from vambe_worker.jobs j order by j.id desc limit $3::int)
)
select j.id::text as "rowId", j.task_id as "taskId", j.queue, j.delivery, j.state, j.parameters->>'api_task_id' as "apiTaskId",
  coalesce(j.message->>'ignoresResult' = 'true', false) as "ignoresResult"
from vambe_worker.jobs j
where j.id = any(array(select id from recent)) and j.state in ('completed', 'failed', 'cancelled')
  and j.finished_at between now() - $2::int * interval '1 millisecond' and now() - $1::int * interval '1 millisecond'`,
};

const isUntouched = `j.state = 'queued' and j.origin = 'celery' and j.attempts = '[]' and not j.alone`;

const untouchedStatement: Statement = {
  name: 'job_list_untouched',
  text: `
select j.id::text as "rowId", j.queue, j.delivery, coalesce(j.message->'wire'->>'list', '') as list,
  coalesce(j.message->'wire'->>'raw', '') as raw
from vambe_worker.jobs j
where ${isUntouched} and j.queue = any($1::text[])
order by j.due_at nulls first, j.priority, j.id limit $2::int`,
};

const withdrawStatement: Statement = {
  name: 'job_withdraw',
  text: `delete from vambe_worker.jobs j where ${isUntouched} and j.id = any($1::bigint[]) returning j.id::text`,
};

const countOpenStatement: Statement = {
  name: 'job_count_open',
  text: `select queue, count(*)::int as open from vambe_worker.jobs where state in ('queued', 'retrying') group by queue`,
};

const redeliverStatement: Statement = {
  name: 'job_redeliver',
  text: `
update vambe_worker.jobs j set delivery = j.delivery + 1, delivered_at = now()
from jsonb_to_recordset($1) as i(id bigint, delivery int)
where j.id = i.id and j.delivery = i.delivery and j.state in ('queued', 'retrying')
returning ${openColumns}`,
};

function toOpenJob(row: OpenRow): OpenJob {
  return {
    rowId: row.id,
    task: row.task,
    queue: row.queue,
    delivery: row.delivery,
    priority: row.priority,
    failedAttempts: row.attempt,
    dueAt: row.due_at,
  };
}
