/** What the worker will do to tables, and whether its user may: with the statement that grants what is missing. */
import type { Database, Statement } from '../core/connections/database.ts';
import { AppError } from '../core/errors.ts';

/** By table of the API; `sellers` and `clients` are written by an import alone. */
const needed = {
  'public.meetings': ['SELECT'],
  'public.clients': ['SELECT'],
  'public.sellers': ['SELECT'],
  'public.meetings_classifications': ['SELECT', 'INSERT', 'UPDATE'],
  'vambe_worker.migrations': ['SELECT'],
} as const;
const onOwnTables = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** From the catalogue, as asking costs nothing and writes nothing. An identity column's sequence needs no right of its own. */
const statement: Statement = {
  name: 'missing_rights',
  text: `
with schemas as (
  select n.nspname as name, r.need from pg_namespace n cross join (values ('USAGE')) as r(need)
  where n.nspname in ('public', 'vambe_worker') and not has_schema_privilege(n.oid, r.need)
), tables as (
  select n.nspname || '.' || c.relname as name, r.need, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join jsonb_each($1::jsonb) e on e.key = n.nspname || '.' || c.relname cross join jsonb_array_elements_text(e.value) as r(need)
  union all
  select 'vambe_worker.' || c.relname, r.need, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  cross join jsonb_array_elements_text($2::jsonb) as r(need)
  where n.nspname = 'vambe_worker' and c.relkind in ('r', 'p') and c.relname <> 'migrations'
), sequences as (
  select n.nspname || '.' || c.relname as name, 'USAGE' as need from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where case when c.relkind = 'S' then not has_sequence_privilege(c.oid, 'USAGE') end and case n.nspname
    when 'vambe_worker' then not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'i')
    else exists (
      select 1 from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace o on o.oid = t.relnamespace
      where d.objid = c.oid and d.deptype = 'a' and o.nspname = 'public' and t.relname = 'meetings_classifications') end
)
select 'SCHEMA' as kind, name, need, current_user as me from schemas
union all select 'TABLE', name, need, current_user from tables where not has_table_privilege(oid, need)
union all select 'SEQUENCE', name, need, current_user from sequences
order by 1, 2, 3`,
};

interface MissingRight {
  readonly kind: 'SCHEMA' | 'TABLE' | 'SEQUENCE';
  readonly name: string;
  readonly need: string;
  readonly me: string;
}

/** @throws AppError DATABASE_REFUSED with each missing right and its GRANT */
export async function requireRights(database: Pick<Database, 'run'>): Promise<void> {
  const missing = await database.run<MissingRight>(statement, [JSON.stringify(needed), JSON.stringify(onOwnTables)]);
  const [first] = missing;
  if (!first) return;
  const grants = grantsFor(missing);
  throw new AppError(
    'DATABASE_REFUSED',
    `The database user "${first.me}" lacks ${missing.length === 1 ? 'a right' : 'rights'} that the worker needs. As the owner of the tables, run: ${grants.join(' ')}`,
    { details: { grants } },
  );
}

/** One statement an object. */
function grantsFor(missing: readonly MissingRight[]): string[] {
  const objects = new Set(missing.map(({ kind, name }) => `${kind} ${name}`));
  return [...objects].map((object) => {
    const rights = missing.filter(({ kind, name }) => `${kind} ${name}` === object);
    const user = (rights[0]?.me ?? '').replaceAll('"', '""');
    return `GRANT ${rights.map(({ need }) => need).join(', ')} ON ${object} TO "${user}";`;
  });
}

const encodingStatement: Statement = {
  name: 'server_encoding',
  text: `select current_setting('server_encoding') as encoding`,
};

/** Those that hold every character: transcripts and labels come as UTF-8. */
const encodings = new Set(['UTF8', 'SQL_ASCII']);

/** @throws AppError DATABASE_UNSUITABLE */
export async function requireEncoding(database: Pick<Database, 'run'>): Promise<void> {
  const [row] = await database.run<{ encoding: string }>(encodingStatement, []);
  if (row === undefined || encodings.has(row.encoding)) return;
  throw new AppError(
    'DATABASE_UNSUITABLE',
    `The database stores text as ${row.encoding}, which lacks characters such as emoji and "€"; UTF8 is needed. Make a database with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0 and move the data there.`,
  );
}

const elsewhereStatement: Statement = {
  name: 'tables_elsewhere',
  text: `select n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = any($1::text[]) and c.relkind in ('r', 'p') and n.nspname not in ('public', 'vambe_worker', 'pg_catalog', 'information_schema')
group by 1 order by count(*) desc, 1 limit 1`,
};

/** The schema outside of `public` that holds the most of these tables. */
export async function findSchemaOf(
  run: <Row>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>,
  tables: readonly string[],
): Promise<string | undefined> {
  const [row] = await run<{ schema: string }>(elsewhereStatement, [tables]);
  return row?.schema;
}
