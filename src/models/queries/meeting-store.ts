/** Imports meetings: finds or creates clients and sellers, then inserts the new meetings. One transaction per chunk. */
import type { Database } from '../../core/connections/database.ts';

/** A checked row of a file, with the values for the tables. */
export interface MeetingToStore {
  readonly clientName: string;
  /** Lower case; null where none is known. */
  readonly clientEmail: string | null;
  readonly clientPhone: string | null;
  readonly sellerName: string;
  /** Address derived from the seller's name, for a seller that is not in the database yet. */
  readonly sellerEmail: string;
  readonly meetingAt: Date;
  readonly closed: boolean;
  /** At most 2,000,000 UTF-16 code units; null where blank. */
  readonly transcript: string | null;
}

/** `differs`: same client, seller and date as a stored meeting, another transcript; the stored one was kept as it was. */
export interface StoredMeeting {
  readonly kind: 'inserted' | 'existing' | 'differs';
  readonly meetingId: number;
}

/** Two simultaneous imports would both find no client "Ana". With the lock, the second one waits until the first has committed. */
const lockStatement = `select pg_advisory_xact_lock(7226253002)`;

/**
 * The identity of a client as one text, because PostgreSQL uses a hash join only for an equality. No index exists for `lower(email)`
 * or `name`, and we may not add one to these tables: row by row, 23,000 new clients took 8 minutes, each chunk longer than the last.
 */
const clientKey = (email: string, name: string) =>
  `case when ${email} is null then 'n ' || ${name} else 'e ' || lower(${email}) end`;

/** The unique index on email finds known clients; one scan of the table checks the others. */
const insertClients = `
with input as materialized (
  select distinct on (${clientKey('i.email', 'i.name')}) i.*, ${clientKey('i.email', 'i.name')} as key
  from jsonb_to_recordset($1) as i(n int, name text, email text, phone text) order by ${clientKey('i.email', 'i.name')}, i.n
), unseen as materialized (
  select i.* from input i where not exists (select 1 from public.clients c where c.email = i.email)
)
insert into public.clients (name, email, phone)
select u.name, u.email, u.phone from unseen u
where not exists (select 1 from public.clients c where ${clientKey('c.email', 'c.name')} = u.key)
order by u.n
on conflict do nothing`;

const insertSellers = `
with input as (select distinct on (name) * from jsonb_to_recordset($1) as t(name text, email text) order by name)
insert into public.sellers (name, email)
select i.name, i.email from input i where not exists (select 1 from public.sellers s where s.name = i.name)
on conflict do nothing`;

/** Prefers the exact address. Else the lowest id wins among clients with the same name, or the same address in another letter case. */
const insertMeetings = `
with input as materialized (
  select * from jsonb_to_recordset($1) as t(n int, client_name text, client_email text, seller_name text, seller_email text, meeting_at timestamptz, closed boolean, transcript text)
), exact as materialized (
  select distinct c.email, c.id from input i join public.clients c on c.email = i.client_email
), folded as materialized (
  select k.key, min(c.id) as id
  from (select distinct ${clientKey('i.client_email', 'i.client_name')} as key from input i where not exists (select 1 from exact e where e.email = i.client_email)) k
  join public.clients c on ${clientKey('c.email', 'c.name')} = k.key
  group by k.key
), matched as (
  select i.*, coalesce(e.id, f.id) as client_id, seller.id as seller_id
  from input i
  left join exact e on e.email = i.client_email
  left join folded f on e.id is null and f.key = ${clientKey('i.client_email', 'i.client_name')}
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

/** Stores all rows or none; one result for each row, in order. Idempotent. @throws AppError DATABASE_* */
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
