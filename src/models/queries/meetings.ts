/** Reads meetings: one with all its details, all of them page by page, or only ids. */
import { and, eq, getTableColumns } from 'drizzle-orm';
import type { Database, Statement } from '../../core/connections/database.ts';
import { fieldColumns, readColumn, readRow } from '../classification-columns.ts';
import { meetings, meetingsClassifications } from '../given-tables.ts';
import { ormOf } from '../orm.ts';
import { current, runs } from '../worker-tables.ts';

const columnNames = Object.keys(fieldColumns);

// ---------------------------------------------------------------- one meeting

/** The row of `meetings_classifications`, by column name. */
export interface StandingClassification {
  /** Values of the columns that taxonomy fields are mapped to. */
  readonly columns: Readonly<Record<string, unknown>>;
  readonly confidence_score: number;
  readonly key_topics: readonly string[];
  readonly action_items: readonly string[];
  readonly next_steps: string | null;
  readonly summary: string | null;
  readonly model_used: string;
  readonly processed_at: Date;
  readonly processing_time_ms: number | null;
}

export interface MeetingWhole {
  readonly id: number;
  readonly client: {
    readonly id: number;
    readonly name: string;
    readonly email: string | null;
    readonly phone: string | null;
  };
  readonly seller: { readonly id: number; readonly name: string; readonly email: string };
  readonly meeting_at: Date;
  readonly closed: boolean;
  readonly transcript: string | null;
  /** null: the meeting has none. */
  readonly classification: StandingClassification | null;
  /** By field id, from the run that made the classification; null where another worker made it. */
  readonly run_fields: Readonly<Record<string, unknown>> | null;
  readonly run_id: string | null;
  readonly truncated: boolean | null;
  readonly needs_review: boolean | null;
  /** A person's corrections, by field id. */
  readonly corrected: Readonly<Record<string, unknown>>;
}

/** Undefined where there is no such meeting. @throws AppError DATABASE_* */
export async function findMeeting(database: Database, meetingId: number): Promise<MeetingWhole | undefined> {
  const orm = ormOf(database);
  const found = await orm.query.meetings
    .findFirst({
      where: eq(meetings.id, meetingId),
      columns: { id: true, meetingAt: true, closed: true, transcript: true },
      with: {
        client: { columns: { id: true, name: true, email: true, phone: true } },
        seller: { columns: { id: true, name: true, email: true } },
        classification: true,
      },
    })
    .catch((error) => {
      throw database.translate(error);
    });
  if (found === undefined) return undefined;
  const { meetingAt, classification, ...meeting } = found;
  const standing = classification && toStanding(classification);
  return {
    ...meeting,
    meeting_at: meetingAt,
    classification: standing,
    ...(await findRunBehind(database, meetingId, standing)),
  };
}

type ClassificationRow = typeof meetingsClassifications.$inferSelect;

function toStanding(row: ClassificationRow): StandingClassification {
  const byColumn = readRow(
    Object.fromEntries(
      Object.entries(getTableColumns(meetingsClassifications)).map(([key, { name }]) => [
        name,
        row[key as keyof ClassificationRow],
      ]),
    ),
  );
  return {
    columns: Object.fromEntries(columnNames.map((name) => [name, byColumn[name]])),
    confidence_score: Number(row.confidenceScore),
    key_topics: row.keyTopics,
    action_items: row.actionItems,
    next_steps: row.nextSteps || null,
    summary: row.summary || null,
    model_used: row.modelUsed,
    processed_at: row.processedAt,
    processing_time_ms: row.processingTimeMs,
  };
}

/** The run made the stored labels only if no other worker has written the row since. Then model and model_used are equal. */
async function findRunBehind(database: Database, meetingId: number, standing: StandingClassification | null) {
  const [row] = await ormOf(database)
    .select({ run: runs, corrected: current.corrected })
    .from(current)
    .leftJoin(runs, and(eq(runs.id, current.runId), eq(runs.model, standing?.model_used ?? '')))
    .where(eq(current.meetingId, meetingId))
    .catch((error) => {
      throw database.translate(error);
    });
  const run = row?.run ?? null;
  return {
    run_id: run && String(run.id),
    run_fields: run && (run.fields as Readonly<Record<string, unknown>>),
    truncated: run?.truncated ?? null,
    needs_review: run?.needsReview ?? null,
    corrected: row?.corrected ?? {},
  };
}

export interface RunSummary {
  readonly run_id: string;
  /** The job that requested it; null where its row was deleted. */
  readonly task_id: string | null;
  readonly classifier: string;
  readonly model: string;
  readonly taxonomy_version: string;
  /** 0 to 1 */
  readonly confidence: number;
  readonly truncated: boolean;
  readonly needs_review: boolean;
  readonly started_at: Date;
  readonly duration_ms: number;
}

const runsStatement: Statement = {
  name: 'meeting_runs',
  text: `
select r.id::text as run_id, j.task_id, r.classifier, r.model, r.taxonomy_version, r.confidence::text::float8 as confidence, r.truncated, r.needs_review,
  r.started_at, r.duration_ms
from vambe_worker.runs r left join vambe_worker.jobs j on j.id = r.job_id
where r.meeting_id = $1::int order by r.id desc limit $2::int`,
};

/** Newest first. */
export async function listRuns(
  database: Database,
  { meetingId, limit }: { meetingId: number; limit: number },
): Promise<readonly RunSummary[]> {
  return database.run<RunSummary>(runsStatement, [meetingId, limit]);
}

// ---------------------------------------------------------------- some meetings

export interface FoundMeeting {
  readonly id: number;
  readonly client_name: string;
  readonly seller_name: string;
  readonly meeting_at: Date;
  readonly total: number;
}

/** Letters that are written with and without an accent, so that "clinica" finds "Clínica". */
export const folded = (text: string) =>
  `translate(lower(${text}), 'áàâãäéèêëíìîïóòôõöúùûüñç', 'aaaaaeeeeiiiiooooouuuunc')`;

/** Uses `strpos`, so that `%` and `_` have no special meaning. Scans all clients, because no index supports a search inside a text. */
const ofClientsStatement: Statement = {
  name: 'meeting_of_clients',
  text: `
select m.id::int as id, c.name as client_name, s.name as seller_name, m.meeting_at, count(*) over ()::int as total
from public.clients c
join public.meetings m on m.client_id = c.id
join public.sellers s on s.id = m.seller_id
where strpos(${folded('c.name')}, ${folded('$1::text')}) > 0
order by m.meeting_at desc, m.id desc limit $2::int`,
};

/** Meetings of clients whose name contains `piece`, without case and accents, newest first; `total` counts all. */
export async function findMeetingsOfClients(
  database: Database,
  { piece, limit }: { piece: string; limit: number },
): Promise<readonly FoundMeeting[]> {
  return database.run<FoundMeeting>(ofClientsStatement, [piece, limit]);
}

// ---------------------------------------------------------------- all meetings

/** A meeting with the columns of its classification; null where it has none. */
export interface ExportedMeeting {
  readonly meeting_id: number;
  readonly client_name: string;
  readonly client_email: string | null;
  readonly seller_name: string;
  readonly meeting_at: Date;
  readonly closed: boolean;
  readonly classification_id: number | null;
  readonly business_sector: string | null;
  readonly company_size: string | null;
  readonly region: string | null;
  readonly lead_source: string | null;
  readonly vambe_product: string | null;
  readonly use_case: string | null;
  readonly primary_pain_point: string | null;
  readonly urgency: boolean | null;
  readonly decision_maker_role: string | null;
  readonly purchase_stage: string | null;
  readonly language: string | null;
  readonly sentiment: string | null;
  readonly lost_client_bad_meeting: boolean | null;
  readonly categories: readonly string[] | null;
  /** By field id: values of the taxonomy's fields that have no column; null where the classification is another worker's. */
  readonly other_fields: Readonly<Record<string, unknown>> | null;
  readonly confidence_score: number | null;
  readonly key_topics: readonly string[] | null;
  readonly action_items: readonly string[] | null;
  readonly next_steps: string | null;
  readonly summary: string | null;
  readonly model_used: string | null;
  readonly processed_at: Date | null;
  readonly processing_time_ms: number | null;
  readonly classification_created_at: Date | null;
  readonly classification_updated_at: Date | null;
  /** Field ids that a person corrected or confirmed; null: the meeting has no classification. */
  readonly reviewed_fields: readonly string[] | null;
  /** By field id, 0 to 1; null where another worker classified the meeting. A reviewed field has none. */
  readonly confidence_by_field: Readonly<Record<string, number>> | null;
  readonly transcript: string | null;
}

/** Limits the bytes of a page: octet_length of a stored text is known without reading it. */
const exportStatement: Statement = {
  name: 'meeting_export',
  text: `
with page as (
  select m.id, sum(coalesce(octet_length(m.transcript), 0)) over (order by m.id) - coalesce(octet_length(m.transcript), 0) as bytes_before
  from (select id, transcript from public.meetings where id > $1::int order by id limit $2::int) m
)
select m.id::int as meeting_id, c.name as client_name, c.email as client_email, s.name as seller_name, m.meeting_at, m.closed,
  mc.id::int as classification_id, ${columnNames.map((name) => `${readColumn(name)} as ${name}`).join(', ')},
  (select jsonb_object_agg(f.key, coalesce(cu.corrected -> f.key, f.value -> 'value')) from jsonb_each(r.fields) f
    where f.key <> all ($4::text[])) as other_fields,
  mc.confidence_score::float8 as confidence_score,
  mc.key_topics, mc.action_items, ${readColumn('next_steps')} as next_steps, ${readColumn('summary')} as summary, mc.model_used, mc.processed_at, mc.processing_time_ms,
  mc.created_at as classification_created_at, mc.updated_at as classification_updated_at,
  case when mc.id is not null then (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(cu.corrected) k) end as reviewed_fields,
  (select jsonb_object_agg(f.key, f.value -> 'confidence') from jsonb_each(r.fields) f
    where f.value -> 'confidence' is not null and not coalesce(cu.corrected ? f.key, false)) as confidence_by_field,
  m.transcript
from page p
join public.meetings m on m.id = p.id
join public.clients c on c.id = m.client_id
join public.sellers s on s.id = m.seller_id
left join public.meetings_classifications mc on mc.meeting_id = m.id
left join vambe_worker.current cu on cu.meeting_id = m.id
left join vambe_worker.runs r on r.id = cu.run_id and r.model = mc.model_used
where p.bytes_before < $3::bigint
order by m.id`,
};

const rowsAPage = 500;
const bytesAPage = 8 * 1024 * 1024;

/** Every meeting by id, read in pages of at most 500 rows and about 8 MiB of transcripts; it may include meetings that are added meanwhile. */
export async function* streamMeetings(database: Database): AsyncGenerator<ExportedMeeting> {
  for (let afterId = 0; ; ) {
    const rows = await database.run<ExportedMeeting>(exportStatement, [afterId, rowsAPage, bytesAPage, columnNames]);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    afterId = last.meeting_id;
  }
}

// ---------------------------------------------------------------- reviewed meetings

/** A meeting with what people said of it. */
export interface ReviewedTranscript {
  readonly meeting_id: number;
  readonly transcript: string;
  /** By field id; at least one. */
  readonly corrected: Readonly<Record<string, unknown>>;
}

const reviewedStatement: Statement = {
  name: 'meeting_reviewed',
  text: `
select m.id::int as meeting_id, m.transcript, cu.corrected
from vambe_worker.current cu join public.meetings m on m.id = cu.meeting_id
where cu.meeting_id > $1::int and cu.corrected <> '{}' and m.transcript ~ '\\S'
order by cu.meeting_id limit $2::int`,
};

const reviewedAPage = 50;

/** Meetings with a transcript and a label that a person gave, by id. @throws AppError DATABASE_* */
export async function* streamReviewedMeetings(database: Database): AsyncGenerator<ReviewedTranscript> {
  for (let afterId = 0; ; ) {
    const rows = await database.run<ReviewedTranscript>(reviewedStatement, [afterId, reviewedAPage]);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    afterId = last.meeting_id;
  }
}

// ---------------------------------------------------------------- ids

const withTranscriptStatement: Statement = {
  name: 'meeting_list_with_transcript',
  text: `select m.id::int as id from public.meetings m where m.id > $1::int and m.transcript ~ '\\S' order by m.id limit $2::int`,
};

/** Ids of meetings whose transcript is not blank, in order. */
export async function listMeetingsWithTranscript(
  database: Database,
  { afterId, limit }: { afterId: number; limit: number },
): Promise<number[]> {
  const rows = await database.run<{ id: number }>(withTranscriptStatement, [afterId, limit]);
  return rows.map(({ id }) => id);
}

const knownStatement: Statement = {
  name: 'meeting_known',
  text: 'select m.id::int as id from public.meetings m where m.id = any($1::int[])',
};

/** The ids among these that belong to meetings. */
export async function findKnownMeetings(database: Database, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await database.run<{ id: number }>(knownStatement, [ids]);
  return new Set(rows.map(({ id }) => id));
}
