/** Queries of the upkeep tasks: unclassified meetings, expired jobs, rows of deleted meetings. */
import type { Database, Statement } from '../../core/connections/database.ts';

const listUnclassifiedStatement: Statement = {
  name: 'meeting_list_unclassified',
  text: `
select m.id from public.meetings m
where m.id > $1::int and m.transcript ~ '\\S'
  and not exists (select 1 from public.meetings_classifications mc where mc.meeting_id = m.id)
  and not exists (select 1 from vambe_worker.jobs j where j.meeting_id = m.id and j.accepted_at >= m.updated_at)
order by m.id limit $2::int`,
};

/** Meetings with a transcript that is not blank, no classification, and no job accepted since they were last updated. */
export async function listUnclassified(
  database: Database,
  { afterId, limit }: { afterId: number; limit: number },
): Promise<number[]> {
  const rows = await database.run<{ id: number }>(listUnclassifiedStatement, [afterId, limit]);
  return rows.map(({ id }) => id);
}

/** Compares accepted_at too, because it has a BRIN index; a job is always accepted before it ends. */
const deleteEndedStatement: Statement = {
  name: 'job_delete_ended',
  text: `
delete from vambe_worker.jobs where id in (
  select id from vambe_worker.jobs
  where accepted_at < now() - $1::int * interval '1 day' and finished_at < now() - $1::int * interval '1 day'
    and state not in ('queued', 'retrying')
  limit $2::int
)`,
};

export async function deleteEndedJobs(
  database: Database,
  { olderThanDays, limit }: { olderThanDays: number; limit: number },
): Promise<number> {
  return deleteCounted(database, deleteEndedStatement, [olderThanDays, limit]);
}

/** Uses an array, because PostgreSQL scans the whole table for a join with some hundred rows when the table fits into memory. */
const deleteCallsStatement: Statement = {
  name: 'llm_call_delete',
  text: `
delete from vambe_worker.llm_calls where id = any(array(
  select id from vambe_worker.llm_calls where at < now() - $1::int * interval '1 day' limit $2::int
))`,
};

/** Records of calls to models. Keeps at least one day, because the daily budget needs today's calls. */
export async function deleteOldModelCalls(
  database: Database,
  { olderThanDays, limit }: { olderThanDays: number; limit: number },
): Promise<number> {
  return deleteCounted(database, deleteCallsStatement, [Math.max(1, olderThanDays), limit]);
}

const deleteForcedRepliesStatement: Statement = {
  name: 'llm_reply_delete_forced',
  text: `
delete from vambe_worker.llm_replies where key = any(array(
  select key from vambe_worker.llm_replies where strpos(key, ':') > 0 and created_at < now() - $1::int * interval '1 day' limit $2::int
))`,
};

/** Replies that a forced job keeps for its own next attempt. No other job uses them. */
export async function deleteOldForcedReplies(
  database: Database,
  { olderThanDays, limit }: { olderThanDays: number; limit: number },
): Promise<number> {
  return deleteCounted(database, deleteForcedRepliesStatement, [olderThanDays, limit]);
}

/** Tables with rows of a meeting; they have no foreign keys, so that the API can TRUNCATE its tables. */
const tablesOfMeetings = [
  { table: 'runs', key: 'id' },
  { table: 'current', key: 'meeting_id' },
  { table: 'reviews', key: 'id' },
  { table: 'llm_replies', key: 'key' },
] as const;

const deleteGoneStatements: readonly Statement[] = tablesOfMeetings.map(({ table, key }) => ({
  name: `gone_${table}`,
  text: `
delete from vambe_worker.${table} where ${key} in (
  select t.${key} from vambe_worker.${table} t
  where not exists (select 1 from public.meetings m where m.id = t.meeting_id) limit $1::int
)`,
}));

export async function deleteRowsOfGoneMeetings(database: Database, { limit }: { limit: number }): Promise<number> {
  let deleted = 0;
  for (const statement of deleteGoneStatements) deleted += await deleteCounted(database, statement, [limit]);
  return deleted;
}

async function deleteCounted(
  database: Database,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<number> {
  const counted = { name, text: `with gone as (${text} returning 1) select count(*)::int as deleted from gone` };
  const [row] = await database.run<{ deleted: number }>(counted, values);
  return row?.deleted ?? 0;
}
