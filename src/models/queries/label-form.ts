/** Converts the rows of `meetings_classifications` to one form of a label without a value. */
import { type Database, sqlState } from '../../core/connections/database.ts';
import { type EmptyLabel, emptyableColumns } from '../classification-columns.ts';

type Client = Parameters<Parameters<Database['withClient']>[0]>[0];

const rowsAPage = 500;
const mostRepeats = 5;

export interface LabelForm {
  readonly emptyLabel: EmptyLabel;
  readonly signal: AbortSignal;
}

/** Returns how many rows it changed. Idempotent. An abort keeps the pages that are done. @throws AppError DATABASE_* */
export async function rewriteEmptyLabels(database: Database, { emptyLabel, signal }: LabelForm): Promise<number> {
  let changed = 0;
  for (let afterId: number | undefined = 0; afterId !== undefined; ) {
    signal.throwIfAborted();
    const page: Page = await rewritePage(database, emptyLabel, afterId);
    changed += page.changed;
    afterId = page.lastId;
  }
  return changed;
}

interface Page {
  readonly changed: number;
  /** The last meeting of the page; undefined: there was none. */
  readonly lastId: number | undefined;
}

/** Retries after a deadlock with a program that writes the same rows in another order. */
async function rewritePage(database: Database, emptyLabel: EmptyLabel, afterId: number): Promise<Page> {
  for (let tries = 1; ; tries++) {
    try {
      return await database.withClient((client) => rewriteOnce(client, emptyLabel, afterId));
    } catch (error) {
      if (!/^(40001|40P01)$/.test(sqlState(error) ?? '') || tries === mostRepeats) throw error;
    }
  }
}

const columns = [...emptyableColumns];

/** SQL condition: the row is not in this form yet. */
const isOther = (emptyLabel: EmptyLabel) =>
  columns.map((name) => (emptyLabel === null ? `mc.${name} = ''` : `mc.${name} is null`)).join(' or ');

const sets = (emptyLabel: EmptyLabel) =>
  columns
    .map((name) => `${name} = ${emptyLabel === null ? `nullif(mc.${name}, '')` : `coalesce(mc.${name}, '')`}`)
    .join(', ');

/**
 * Locks in the same order as a save: `current`, then the row. `vambe shadow` recognizes our rows because a row and its `current`
 * have the same transaction number, so both are updated. `updated_at` is kept, because nothing visible to people changes.
 */
async function rewriteOnce(client: Client, emptyLabel: EmptyLabel, afterId: number): Promise<Page> {
  await client.query('begin');
  const { rows } = await client.query<{ meeting_id: number }>(
    `select mc.meeting_id from public.meetings_classifications mc where mc.meeting_id > $1 and (${isOther(emptyLabel)})
     order by mc.meeting_id limit ${rowsAPage}`,
    [afterId],
  );
  const ids = rows.map(({ meeting_id }) => meeting_id);
  await client.query(
    'select 1 from vambe_worker.current cu where cu.meeting_id = any($1::int[]) order by cu.meeting_id for update',
    [ids],
  );
  const { rows: changed } = await client.query(
    `with rows as materialized (
       select mc.meeting_id, mc.xmin as version from public.meetings_classifications mc
       where mc.meeting_id = any($1::int[]) and (${isOther(emptyLabel)}) order by mc.meeting_id for update
     ), ours as (
       update vambe_worker.current cu set run_id = cu.run_id from rows r
       where cu.meeting_id = r.meeting_id and cu.xmin = r.version
     )
     update public.meetings_classifications mc set ${sets(emptyLabel)} from rows r where mc.meeting_id = r.meeting_id
     returning mc.meeting_id`,
    [ids],
  );
  await client.query('commit');
  return { changed: changed.length, lastId: ids.at(-1) };
}
