/** Pauses of queues and schedules, each change with its audit row in the same statement. */
import type { Database, Statement } from '../../core/connections/database.ts';
import type { HoldTable } from '../../core/queue/holds.ts';
import type { Pause, PauseKind, PauseTable } from '../../core/queue/pauses.ts';
import { storableText } from '../../core/storable.ts';

interface ControlRow {
  readonly kind: PauseKind;
  readonly name: string;
  readonly reason: string;
  readonly code: string | null;
  readonly since: string;
  readonly until: string | null;
  readonly by: string;
  readonly is_over: boolean;
}

const listStatement: Statement = {
  name: 'controls_list',
  text: `
select kind, name, reason, code, to_json(created_at)#>>'{}' as since, to_json(until)#>>'{}' as until, created_by as by,
  coalesce(until <= now(), false) as is_over
from vambe_worker.controls order by kind, name`,
};

/** All pauses, including expired ones that no worker has removed yet. */
export async function listControls(database: Database): Promise<readonly Pause[]> {
  const rows = await database.run<ControlRow>(listStatement, []);
  return rows.map(({ is_over, ...control }) => ({ ...control, isOver: is_over }));
}

const setStatement: Statement = {
  name: 'controls_set',
  text: `
with before as (
  select reason, until from vambe_worker.controls where kind = $1 and name = $2
), saved as (
  insert into vambe_worker.controls as c (kind, name, reason, until, created_by) values ($1, $2, $3, $4::timestamptz, $5)
  on conflict (kind, name) do update set reason = excluded.reason, until = excluded.until, created_by = excluded.created_by
  returning c.reason, c.until
), noted as (
  insert into vambe_worker.audit (actor, action, object, before, after, reason)
  select $5, 'pause', $1 || ':' || $2, (select to_jsonb(b) from before b), to_jsonb(s), nullif($3, '') from saved s
)
select not exists (select from before) as is_new`,
};

export interface ControlChange {
  readonly kind: PauseKind;
  readonly name: string;
  readonly actor: string;
  readonly reason: string | null;
}

/** Saves a pause, or a new reason and end of an existing one (`since` is kept). True: it is new. May be repeated. */
export async function setControl(
  database: Database,
  { kind, name, actor, reason, until }: ControlChange & { until: string | null },
): Promise<boolean> {
  const [row] = await database.run<{ is_new: boolean }>(setStatement, [kind, name, reason ?? '', until, actor]);
  return row?.is_new ?? true;
}

const endText = (condition: string) => `
with gone as (
  delete from vambe_worker.controls where kind = $1 and name = $2 and ${condition} returning kind, name, reason, until
), noted as (
  insert into vambe_worker.audit (actor, action, object, before, after, reason)
  select $3::text, 'resume', g.kind || ':' || g.name, jsonb_build_object('reason', g.reason, 'until', g.until), null, $4::text from gone g
)
select count(*)::int as ended from gone`;

const endStatement: Statement = { name: 'controls_end', text: endText('true') };
const endOverStatement: Statement = { name: 'controls_end_over', text: endText('until <= now()') };

/** Deletes a pause. False: there was none. */
export async function endControl(database: Database, { kind, name, actor, reason }: ControlChange): Promise<boolean> {
  const [row] = await database.run<{ ended: number }>(endStatement, [kind, name, actor, reason]);
  return row?.ended === 1;
}

/** The pauses that workers apply. */
export function createPauseTable(database: Database): PauseTable {
  return {
    list: () => listControls(database),
    async endOver({ kind, name }) {
      await database.run(endOverStatement, [kind, name, 'worker', 'its time is over']);
    },
  };
}

/**
 * A timed wait never replaces a hold without an end, nor a longer wait. An expired wait counts as none. It writes no audit row,
 * because workers do this, not people.
 */
const holdStatement: Statement = {
  name: 'controls_hold',
  text: `
with before as (
  select 1 from vambe_worker.controls where kind = 'provider' and name = $1 and (until is null or until > now())
), saved as (
  insert into vambe_worker.controls as c (kind, name, reason, code, until, created_by) values ('provider', $1, $2, $3, $4::timestamptz, $5)
  on conflict (kind, name) do update set reason = excluded.reason, code = excluded.code, until = excluded.until,
    created_by = excluded.created_by, created_at = case when c.until <= now() then now() else c.created_at end
  where excluded.until is null or excluded.until > c.until
)
select not exists (select from before) as is_new`,
};

const heldStatement: Statement = {
  name: 'controls_held',
  text: `select name as queue, coalesce(code, '') as code, until is null as until_well from vambe_worker.controls where kind = 'provider'`,
};

const endHoldStatement: Statement = {
  name: 'controls_end_hold',
  text: `
with gone as (delete from vambe_worker.controls where kind = 'provider' and name = $1 and until is null returning 1)
select exists (select from gone) as was_held,
  exists (select from vambe_worker.controls where kind = 'queue' and name = $1 and (until is null or until > now())) as is_paused_too`,
};

/** The queues that workers put on hold and release. */
export function createHoldTable(database: Database): HoldTable {
  return {
    async begin({ queue, error, until, by }) {
      const values = [queue, storableText(error.message, 1_024), error.code, until, by];
      const [row] = await database.run<{ is_new: boolean }>(holdStatement, values);
      return row?.is_new ?? true;
    },
    async list() {
      const rows = await database.run<{ queue: string; code: string; until_well: boolean }>(heldStatement, []);
      return rows.map(({ queue, code, until_well }) => ({ queue, code, isUntilWell: until_well }));
    },
    async end(queue) {
      const [row] = await database.run<{ was_held: boolean; is_paused_too: boolean }>(endHoldStatement, [queue]);
      return { wasHeld: row?.was_held ?? false, isPausedToo: row?.is_paused_too ?? false };
    },
  };
}

const noteStatement: Statement = {
  name: 'audit_note',
  text: `insert into vambe_worker.audit (actor, action, object, after, reason) values ($1, $2, $3, $4::jsonb, $5)`,
};

/** Writes an audit row for a person's action that changes no row of our tables. */
export async function noteAction(
  database: Database,
  note: { actor: string; action: string; object: string; after: unknown; reason: string | null },
): Promise<void> {
  await database.run(noteStatement, [note.actor, note.action, note.object, JSON.stringify(note.after), note.reason]);
}
