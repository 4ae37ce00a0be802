/** Imports meetings: clients and sellers found or made, then the meetings that are not there yet. One transaction a chunk. */
import type { Database } from '../../core/database.ts';

/** A checked row of a file, with what the tables hold. */
export interface MeetingToStore {
  readonly clientName: string;
  readonly clientEmail: string | null;
  readonly clientPhone: string | null;
  readonly sellerName: string;
  readonly sellerEmail: string;
  readonly meetingAt: Date;
  readonly closed: boolean;
  readonly transcript: string | null;
}

export interface StoredMeeting {
  readonly kind: 'inserted' | 'existing' | 'differs';
  readonly meetingId: number;
}

/** Two imports at once would both find no client "Ana"; the second waits here until the first has committed. */
const lockStatement = `select pg_advisory_xact_lock(7226253002)`;

const insertClients = `
with input as (select distinct on (coalesce(lower(email), name), email is null) * from json_to_recordset($1) as t(n int, name text, email text, phone text)
               order by coalesce(lower(email), name), email is null, n)
insert into public.clients (name, email, phone)
select i.name, i.email, i.phone from input i
where not exists (
  select 1 from public.clients c
  where case when i.email is null then c.email is null and c.name = i.name else lower(c.email) = lower(i.email) end)
on conflict do nothing`;

const insertSellers = `
with input as (select distinct on (name) * from json_to_recordset($1) as t(name text, email text) order by name)
insert into public.sellers (name, email)
select i.name, i.email from input i where not exists (select 1 from public.sellers s where s.name = i.name)
on conflict do nothing`;

/** The lowest id where several rows answer to one name. */
const insertMeetings = `
with input as (
  select * from json_to_recordset($1) as t(n int, client_name text, client_email text, seller_name text, seller_email text, meeting_at timestamptz, closed boolean, transcript text)
), matched as (
  select i.*, client.id as client_id, seller.id as seller_id
  from input i
  cross join lateral (
    select min(c.id) as id from public.clients c
    where case when i.client_email is null then c.email is null and c.name = i.client_name else lower(c.email) = lower(i.client_email) end) client
  cross join lateral (
    select coalesce(min(s.id) filter (where s.name = i.seller_name), min(s.id)) as id from public.sellers s
    where s.name = i.seller_name or s.email = i.seller_email) seller
), known as (
  select m.n, min(old.id) as id from matched m
  join public.meetings old on old.client_id = m.client_id and old.seller_id = m.seller_id and old.meeting_at = m.meeting_at
  group by m.n
), ids as (
  select m.n, nextval(pg_get_serial_sequence('public.meetings', 'id'))::int as id
  from matched m where not exists (select 1 from known k where k.n = m.n) order by m.n
), made as (
  insert into public.meetings (id, client_id, seller_id, meeting_at, closed, transcript)
  select ids.id, m.client_id, m.seller_id, m.meeting_at, m.closed, m.transcript from ids join matched m using (n) order by ids.n
  returning id
)
select i.n, coalesce(ids.id, k.id) as id, ids.id is not null as is_new, k.id is not null and old.transcript is distinct from i.transcript as differs
from input i left join ids using (n) left join known k using (n) left join public.meetings old on old.id = k.id
order by i.n`;

interface MeetingRow {
  readonly id: number;
  readonly is_new: boolean;
  readonly differs: boolean;
}

/** All rows or none; one answer for each row, in order. Repeating it changes nothing. @throws AppError DATABASE_* */
export async function saveMeetings(
  database: Database,
  rows: readonly MeetingToStore[],
): Promise<readonly StoredMeeting[]> {
  return database.withClient(async (client) => {
    await client.query('begin');
    await client.query(lockStatement);
    await client.query(insertClients, [
      JSON.stringify(
        rows.map((row, n) => ({ n, name: row.clientName, email: row.clientEmail, phone: row.clientPhone })),
      ),
    ]);
    await client.query(insertSellers, [
      JSON.stringify(rows.map(({ sellerName, sellerEmail }) => ({ name: sellerName, email: sellerEmail }))),
    ]);
    const { rows: found } = await client.query<MeetingRow>(insertMeetings, [JSON.stringify(rows.map(toInput))]);
    await client.query('commit');
    return found.map(({ id, is_new, differs }) => ({
      kind: is_new ? 'inserted' : differs ? 'differs' : 'existing',
      meetingId: id,
    }));
  });
}

function toInput(row: MeetingToStore, n: number) {
  return {
    n,
    client_name: row.clientName,
    client_email: row.clientEmail,
    seller_name: row.sellerName,
    seller_email: row.sellerEmail,
    meeting_at: row.meetingAt.toISOString(),
    closed: row.closed,
    transcript: row.transcript,
  };
}
