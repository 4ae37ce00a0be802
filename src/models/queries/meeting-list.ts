/** Meetings by filter, a page at a time, and counts of their labels. */
import type { Database } from '../../core/connections/database.ts';
import { fieldColumns, readColumn } from '../classification-columns.ts';
import type { MeetingFlagKey, MeetingNameKey, MeetingTerm } from '../meeting-filter.ts';
import { folded } from './meetings.ts';

export interface ListedMeeting {
  readonly id: number;
  readonly client_name: string;
  readonly client_email: string | null;
  readonly seller_name: string;
  readonly meeting_at: Date;
  readonly closed: boolean;
  readonly classified: boolean;
  readonly confidence: number | null;
  readonly needs_review: boolean;
  readonly corrected_fields: readonly string[];
  /** By field id; values alone. Empty where the meeting has no classification. */
  readonly labels: Readonly<Record<string, unknown>>;
}

export interface MeetingPage {
  readonly meetings: readonly ListedMeeting[];
  /** Of all that fit; null: more than 10,000. */
  readonly total: number | null;
  readonly nextCursor: number | null;
}

const maxCounted = 10_000;

const from = `
from public.meetings m
join public.clients c on c.id = m.client_id
join public.sellers s on s.id = m.seller_id
left join public.meetings_classifications mc on mc.meeting_id = m.id
left join vambe_worker.current cu on cu.meeting_id = m.id
left join vambe_worker.runs r on r.id = cu.run_id and r.model = mc.model_used`;

const columnValues = Object.keys(fieldColumns).map((name) => `'${name}', ${readColumn(name)}`);
/** A person's word before the run's answer before the column, as everywhere. */
const labels = `case when mc.id is null then '{}'::jsonb else
  (case when r.id is null then jsonb_build_object(${columnValues.join(', ')})
    else (select coalesce(jsonb_object_agg(f.key, f.value -> 'value'), '{}') from jsonb_each(r.fields) f) end)
  || coalesce(cu.corrected, '{}') end`;

const names: Readonly<Record<MeetingNameKey, string>> = {
  client: 'c.name',
  seller: 's.name',
  email: `coalesce(c.email, '')`,
};
const flags: Readonly<Record<MeetingFlagKey, string>> = {
  closed: 'm.closed',
  classified: 'mc.id is not null',
  needs_review: 'coalesce(r.needs_review, false)',
  corrected: `coalesce(cu.corrected, '{}') <> '{}'`,
};

/** One label as jsonb, without building all of them. */
function labelOf(field: string, parameter: string): string {
  const column = Object.hasOwn(fieldColumns, field) ? `to_jsonb(${readColumn(field)})` : 'null::jsonb';
  return `case when cu.corrected ? ${parameter} then cu.corrected -> ${parameter}
    when r.id is not null then r.fields -> ${parameter} -> 'value' else ${column} end`;
}

interface Condition {
  readonly text: string;
  readonly values: unknown[];
}

function toCondition(terms: readonly MeetingTerm[]): Condition {
  const values: unknown[] = [];
  const next = (value: unknown, type: string) => `$${values.push(value)}::${type}`;
  const not = (isNot: boolean, text: string) => (isNot ? `not coalesce(${text}, false)` : text);
  const texts = terms.map((term) => {
    switch (term.key) {
      case 'id':
        return not(term.isNot, `m.id = any(${next(term.values, 'int[]')})`);
      case 'met':
        return `m.meeting_at ${term.operator} ${next(term.at, 'timestamptz')}`;
      case 'confidence':
        return `mc.confidence_score ${term.operator} ${next(term.share, 'numeric')}`;
      case 'text':
        return not(term.isNot, contains('m.transcript', next(term.piece, 'text')));
      case 'q': {
        const piece = next(term.piece, 'text');
        const places = ['c.name', 's.name', `coalesce(c.email, '')`].map((place) => contains(place, piece));
        return not(term.isNot, `(${places.join(' or ')})`);
      }
      case 'label':
        return not(term.isNot, toLabelCondition(term, next));
      case 'client':
      case 'seller':
      case 'email':
        return not(term.isNot, `${folded(names[term.key])} = any(${next(term.values.map(fold), 'text[]')})`);
      default:
        return `(${flags[term.key]}) is ${term.value}`;
    }
  });
  return { text: texts.length === 0 ? 'true' : texts.map((text) => `(${text})`).join(' and '), values };
}

function toLabelCondition(
  { field, values }: Extract<MeetingTerm, { key: 'label' }>,
  next: (value: unknown, type: string) => string,
): string {
  const label = labelOf(field, next(field, 'text'));
  const given = next(
    values.filter((value) => value !== null),
    'text[]',
  );
  const isNull = values.includes(null) ? ` or l.v is null or l.v = 'null' or l.v = '[]'` : '';
  return `mc.id is not null and exists (select 1 from (select ${label} as v) l where
    (jsonb_typeof(l.v) in ('string', 'boolean') and l.v #>> '{}' = any(${given}))
    or (jsonb_typeof(l.v) = 'array' and l.v ?| ${given})
    or (jsonb_typeof(l.v) = 'object' and (l.v ->> 'count') || '/' || (l.v ->> 'period') = any(${given}))${isNull})`;
}

function contains(place: string, piece: string): string {
  return `strpos(${folded(place)}, ${folded(piece)}) > 0`;
}

/** As `folded` does in SQL. */
function fold(text: string): string {
  return text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
}

/** Newest first. Texts differ with the terms, so these statements have no name to be kept by. @throws AppError DATABASE_* */
export async function listMeetings(
  database: Database,
  { terms, limit, cursor }: { terms: readonly MeetingTerm[]; limit: number; cursor?: number },
): Promise<MeetingPage> {
  const { text, values } = toCondition(terms);
  const at = values.length;
  const older =
    cursor === undefined
      ? ''
      : `and (m.meeting_at, m.id) < (select b.meeting_at, b.id from public.meetings b where b.id = $${at + 2}::int)`;
  const list = `
select m.id::int as id, c.name as client_name, c.email as client_email, s.name as seller_name, m.meeting_at, m.closed,
  mc.id is not null as classified, mc.confidence_score::float8 as confidence, ${flags.needs_review} as needs_review,
  (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(cu.corrected) k) as corrected_fields, ${labels} as labels
${from}
where ${text} ${older}
order by m.meeting_at desc, m.id desc limit $${at + 1}::int`;
  const count = `select count(*)::int as count from (select 1 ${from} where ${text} limit ${maxCounted + 1}) counted`;
  const page = cursor === undefined ? [limit + 1] : [limit + 1, cursor];
  const [rows, [counted]] = await Promise.all([
    database.run<ListedMeeting>({ name: '', text: list }, [...values, ...page]),
    database.run<{ count: number }>({ name: '', text: count }, values),
  ]);
  const meetings = rows.slice(0, limit);
  const total = counted?.count ?? 0;
  return {
    meetings,
    total: total > maxCounted ? null : total,
    nextCursor: rows.length > limit ? (meetings.at(-1)?.id ?? null) : null,
  };
}

export interface LabelCount {
  readonly field: string;
  /** As text: `healthcare`, `true`, `80/day`; null: the text does not say. */
  readonly value: string | null;
  readonly meetings: number;
  /** Of these meetings, those that were closed. */
  readonly closed: number;
  readonly corrected: number;
  /** Of the answers that no person gave; null: none has one. */
  readonly mean_confidence: number | null;
}

export interface LabelCounts {
  readonly meetings: number;
  readonly classified: number;
  /** Commonest first in each field. A meeting with several values of a list is counted under each. */
  readonly counts: readonly LabelCount[];
}

/** @throws AppError DATABASE_* */
export async function countLabels(database: Database, terms: readonly MeetingTerm[]): Promise<LabelCounts> {
  const { text, values } = toCondition(terms);
  const chosen = `
with chosen as materialized (
  select m.closed, mc.id is not null as classified, coalesce(cu.corrected, '{}') as corrected, r.fields, ${labels} as labels
  ${from} where ${text}
)`;
  const counts = `${chosen}
select f.key as field, v.value, count(*)::int as meetings, count(*) filter (where ch.closed)::int as closed,
  count(*) filter (where ch.corrected ? f.key)::int as corrected,
  avg((ch.fields -> f.key ->> 'confidence')::float8) filter (where not ch.corrected ? f.key) as mean_confidence
from chosen ch, jsonb_each(ch.labels) f, lateral (
  select case jsonb_typeof(f.value) when 'object' then (f.value ->> 'count') || '/' || (f.value ->> 'period') else f.value #>> '{}' end as value
  where jsonb_typeof(f.value) <> 'array' or f.value = '[]'
  union all
  select e.value from jsonb_array_elements_text(case jsonb_typeof(f.value) when 'array' then f.value else '[]' end) e
) v
group by 1, 2 order by 1, 3 desc, 2`;
  const sums = `${chosen}
select count(*)::int as meetings, count(*) filter (where classified)::int as classified from chosen`;
  const [rows, [sum]] = await Promise.all([
    database.run<LabelCount>({ name: '', text: counts }, values),
    database.run<{ meetings: number; classified: number }>({ name: '', text: sums }, values),
  ]);
  const read = rows.map((row) => ({ ...row, value: row.value === '[]' ? null : row.value }));
  return { meetings: sum?.meetings ?? 0, classified: sum?.classified ?? 0, counts: read };
}
