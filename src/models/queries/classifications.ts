/** Saving and reading classifications: one statement saves a batch, and the run that started last wins, in any order of arrival. */
import { type Database, type Statement, sqlState } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import {
  type EmptyLabel,
  emptyableColumns,
  fieldColumns,
  readColumn,
  readRow,
  withEmptyLabels,
} from '../classification-columns.ts';

/** An answer to save. */
export interface AnswerToSave {
  readonly jobRowId: string;
  readonly runId: string;
  readonly meetingId: number;
  readonly worker: string;
  /** md5 of the transcript that was read. If the transcript was edited meanwhile, the answer is not saved. */
  readonly transcriptMd5: string;
  readonly inputHash: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly classifier: string;
  readonly model: string;
  readonly promptVersion: string | null;
  readonly taxonomyVersion: string;
  readonly fields: unknown;
  readonly texts: AnswerTexts;
  /** Values of the mapped columns. */
  readonly columns: Readonly<Record<string, unknown>>;
  /** 0 to 1. */
  readonly confidence: number;
  readonly truncated: boolean;
  readonly needsReview: boolean;
  /** Requested again on purpose: the answer replaces a person's corrections. */
  readonly isForced: boolean;
  /** Of the calls to the model; absent where there were none. */
  readonly usage?: {
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly costUsd: number | null;
    readonly latencyMs: number;
  };
}

export interface AnswerTexts {
  readonly key_topics: readonly string[];
  readonly action_items: readonly string[];
  readonly next_steps: string | null;
  readonly summary: string | null;
}

/**
 * `saved`: this answer is now the current one · `stale`: a run that started later is current; the job has ended all the same ·
 * `changed`: transcript edited or meeting deleted, nothing written · `closed`: the job had already ended, nothing written.
 */
export interface SaveOutcome {
  readonly outcome: 'saved' | 'stale' | 'changed' | 'closed';
  /** A person's corrections; the table holds them instead of the answer's values. */
  readonly corrected: Readonly<Record<string, unknown>>;
  /** ISO 8601 */
  readonly processedAt: string;
}

const mapped = Object.entries(fieldColumns);
const columnNames = mapped.map(([name]) => name).join(', ');
const columnTypes = mapped.map(([name, { type }]) => `${name} ${type}`).join(', ');
const columnValues = (emptyLabel: EmptyLabel) =>
  mapped
    .map(([name, { whenNull, type }]) => {
      const stored = emptyableColumns.has(name) ? emptyLabel : (whenNull ?? null);
      if (stored === null) return `c.${name}`;
      return `coalesce(c.${name}, '${typeof stored === 'string' ? stored : JSON.stringify(stored)}'::${type})`;
    })
    .join(', ');
/** The value of a text that no field is mapped to. */
const textValue = (value: string, emptyLabel: EmptyLabel) => (emptyLabel === null ? value : `coalesce(${value}, '')`);
const columnUpdates = mapped.map(([name]) => `${name} = excluded.${name}`).join(', ');

/**
 * The corrected meeting and its classification were deleted, and a new meeting has the same id (truncate … restart identity).
 * The cleanup task looks for ids without a meeting, so it cannot find such corrections.
 */
const correctsAnother = `c.corrected <> '{}'
  and not exists (select 1 from public.meetings_classifications mc where mc.meeting_id = c.meeting_id)
  and (select m.created_at from public.meetings m where m.id = c.meeting_id)
    > (select max(r.reviewed_at) from vambe_worker.reviews r where r.meeting_id = c.meeting_id)`;

/**
 * One round trip, one transaction. The conflict on the row of `current` decides which run wins. A subquery over `runs` would read
 * its own snapshot and let the older start win (188 of 500 simultaneous pairs, measured). `<=` allows the same save twice, as
 * after a lost COMMIT reply. Without `distinct on`, two jobs of one meeting in a batch would cause error 21000.
 */
const saveStatement = (emptyLabel: EmptyLabel): Statement => ({
  name: emptyLabel === null ? 'classification_save' : 'classification_save_blank',
  text: `
with input as materialized (
  select * from jsonb_to_recordset($1) as t(n int, job_id bigint, run_id bigint, meeting_id int, worker text, text_hash text, input_hash text,
    started_at timestamptz, ms int, classifier text, model text, prompt_version text, taxonomy_version text, fields jsonb, texts jsonb, columns jsonb,
    confidence real, truncated boolean, needs_review boolean, forced boolean, input_tokens int, output_tokens int, cost_usd numeric, latency_ms int)
), fresh as materialized (
  select i.* from input i join public.meetings m on m.id = i.meeting_id where md5(m.transcript) = i.text_hash
), ended as (
  update vambe_worker.jobs j
  set state = 'completed', run_id = f.run_id, started_at = f.started_at, finished_at = now(), worker = f.worker, error_code = null, error_message = null, due_at = null
  from fresh f
  where j.id = f.job_id and (j.state in ('queued', 'retrying') or (j.state = 'completed' and j.run_id = f.run_id))
  returning j.id
), won as (
  insert into vambe_worker.current as c (meeting_id, run_id, input_hash)
  select distinct on (f.meeting_id) f.meeting_id, f.run_id, f.input_hash from fresh f join ended e on e.id = f.job_id order by f.meeting_id, f.run_id desc
  on conflict (meeting_id) do update set run_id = excluded.run_id, input_hash = excluded.input_hash,
    corrected = case when exists (select 1 from fresh f where f.run_id = excluded.run_id and f.forced) or (${correctsAnother}) then '{}' else c.corrected end
  where c.run_id <= excluded.run_id
  returning c.meeting_id, c.run_id, c.corrected
), run as (
  insert into vambe_worker.runs (id, meeting_id, job_id, classifier, model, prompt_version, taxonomy_version, input_hash, fields, texts, confidence, truncated, needs_review, input_tokens, output_tokens, cost_usd, latency_ms, started_at, duration_ms)
  select f.run_id, f.meeting_id, f.job_id, f.classifier, f.model, f.prompt_version, f.taxonomy_version, f.input_hash, f.fields, f.texts, f.confidence, f.truncated, f.needs_review, f.input_tokens, f.output_tokens, f.cost_usd, f.latency_ms, f.started_at, f.ms
  from fresh f join won w on w.meeting_id = f.meeting_id and w.run_id = f.run_id
  on conflict (id) do nothing
), stored as (
  insert into public.meetings_classifications
    (meeting_id, ${columnNames}, confidence_score, key_topics, action_items, next_steps, summary, model_used, processed_at, processing_time_ms)
  select f.meeting_id, ${columnValues(emptyLabel)}, round(f.confidence::numeric, 2), f.texts->'key_topics', f.texts->'action_items', ${textValue("f.texts->>'next_steps'", emptyLabel)}, ${textValue("f.texts->>'summary'", emptyLabel)}, f.model, now(), f.ms
  from fresh f join won w on w.meeting_id = f.meeting_id and w.run_id = f.run_id
  cross join lateral jsonb_to_record(f.columns || w.corrected) as c(${columnTypes})
  order by f.meeting_id
  on conflict (meeting_id) do update set ${columnUpdates}, confidence_score = excluded.confidence_score, key_topics = excluded.key_topics,
    action_items = excluded.action_items, next_steps = excluded.next_steps, summary = excluded.summary, model_used = excluded.model_used,
    processed_at = excluded.processed_at, processing_time_ms = excluded.processing_time_ms, updated_at = now()
)
select case when w.run_id is not null then 'saved' when f.job_id is null then 'changed' when e.id is null then 'closed' else 'stale' end as outcome,
  coalesce(w.corrected, '{}') as corrected, to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as processed_at
from input i
left join fresh f on f.job_id = i.job_id and f.run_id = i.run_id
left join ended e on e.id = i.job_id
left join won w on w.meeting_id = i.meeting_id and w.run_id = i.run_id
order by i.n`,
});
const saveStatements = { '': saveStatement(''), null: saveStatement(null) };

interface SaveRow {
  readonly outcome: SaveOutcome['outcome'];
  readonly corrected: Record<string, unknown>;
  readonly processed_at: string;
}

const mostRepeats = 5;

/**
 * Saves answers, each with its own outcome: a row that cannot be stored (RESULT_NOT_STORABLE) does not fail the rest of its batch.
 * May be repeated. `emptyLabel` is stored for a label without a value. @throws AppError DATABASE_* for the whole batch
 */
export async function saveAnswers(
  database: Database,
  answers: readonly AnswerToSave[],
  emptyLabel: EmptyLabel = null,
): Promise<readonly (SaveOutcome | AppError)[]> {
  for (let tries = 1; ; tries++) {
    try {
      const rows = await database.run<SaveRow>(saveStatements[emptyLabel ?? 'null'], [
        JSON.stringify(answers.map(toInput)),
      ]);
      return rows.map(({ outcome, corrected, processed_at }) => ({ outcome, corrected, processedAt: processed_at }));
    } catch (error) {
      const state = sqlState(error);
      if (state === undefined) throw error;
      if (/^(40001|40P01)$/.test(state) && tries < mostRepeats) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** tries));
        continue;
      }
      if (!/^2[23]/.test(state)) throw error;
      if (answers.length > 1) return saveHalves(database, answers, emptyLabel);
      // Foreign key violation: the meeting was deleted between snapshot and insert.
      if (state === '23503') return [{ outcome: 'changed', corrected: {}, processedAt: '' }];
      return [notStorable(error, state)];
    }
  }
}

async function saveHalves(
  database: Database,
  answers: readonly AnswerToSave[],
  emptyLabel: EmptyLabel,
): Promise<readonly (SaveOutcome | AppError)[]> {
  const middle = Math.ceil(answers.length / 2);
  const first = await saveAnswers(database, answers.slice(0, middle), emptyLabel);
  return [...first, ...(await saveAnswers(database, answers.slice(middle), emptyLabel))];
}

function notStorable(error: unknown, state: string): AppError {
  const column =
    error instanceof Error && 'column' in error && typeof error.column === 'string' ? ` (column ${error.column})` : '';
  return new AppError(
    'RESULT_NOT_STORABLE',
    `The answer does not fit the table meetings_classifications${column}, SQLSTATE ${state}. Check the taxonomy's values against the columns.`,
  );
}

function toInput(answer: AnswerToSave, n: number) {
  return {
    n,
    job_id: answer.jobRowId,
    run_id: answer.runId,
    meeting_id: answer.meetingId,
    worker: answer.worker,
    text_hash: answer.transcriptMd5,
    input_hash: answer.inputHash,
    started_at: answer.startedAt,
    ms: Math.round(answer.durationMs),
    classifier: answer.classifier,
    model: answer.model,
    prompt_version: answer.promptVersion,
    taxonomy_version: answer.taxonomyVersion,
    fields: answer.fields,
    texts: answer.texts,
    columns: answer.columns,
    confidence: answer.confidence,
    truncated: answer.truncated,
    needs_review: answer.needsReview,
    forced: answer.isForced,
    ...(answer.usage === undefined ? {} : toUsageInput(answer.usage)),
  };
}

function toUsageInput({ inputTokens, outputTokens, costUsd, latencyMs }: NonNullable<AnswerToSave['usage']>) {
  return { input_tokens: inputTokens, output_tokens: outputTokens, cost_usd: costUsd, latency_ms: latencyMs };
}

/** The result of `classify_meeting` that the API and Celery clients read. */
export interface ClassificationResult {
  readonly success: true;
  readonly meeting_id: number;
  readonly classification_data: Readonly<Record<string, unknown>>;
  readonly message: string;
  readonly unchanged?: true;
}

/** The result document of a saved answer: every column except id, created_at and updated_at, in the form that the table stores. */
export function toResult(
  answer: AnswerToSave,
  { corrected, processedAt }: SaveOutcome,
  emptyLabel: EmptyLabel = null,
): ClassificationResult {
  const columns = withEmptyLabels({ ...answer.columns, ...onlyColumns(corrected) }, emptyLabel);
  return {
    success: true,
    meeting_id: answer.meetingId,
    classification_data: {
      meeting_id: answer.meetingId,
      ...columns,
      confidence_score: Math.round(answer.confidence * 100) / 100,
      ...withEmptyLabels({ ...answer.texts }, emptyLabel),
      model_used: answer.model,
      processed_at: processedAt,
      processing_time_ms: Math.round(answer.durationMs),
    },
    message: 'classified',
  };
}

function onlyColumns(corrected: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(corrected).flatMap(([field, value]) => {
      const column = fieldColumns[field];
      return column ? [[field, value ?? column.whenNull ?? null]] : [];
    }),
  );
}

const standingStatement: Statement = {
  name: 'classification_standing',
  text: `
select mc.meeting_id, ${mapped.map(([name]) => `${readColumn(name)} as ${name}`).join(', ')}, mc.confidence_score::float as confidence_score, mc.key_topics, mc.action_items,
  ${readColumn('next_steps')} as next_steps, ${readColumn('summary')} as summary, mc.model_used, to_char(mc.processed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as processed_at, mc.processing_time_ms
from public.meetings_classifications mc where mc.meeting_id = $1`,
};

/** The stored classification in the form of `toResult`; undefined when the meeting has none. */
export async function readStandingResult(
  database: Database,
  meetingId: number,
  emptyLabel: EmptyLabel = null,
): Promise<ClassificationResult | undefined> {
  const [row] = await database.run<Record<string, unknown>>(standingStatement, [meetingId]);
  if (row === undefined) return undefined;
  const classification_data = withEmptyLabels(row, emptyLabel);
  return { success: true, meeting_id: meetingId, classification_data, message: 'classified' };
}

/** Converts a stored result to the form of `toResult`; results of other tasks are returned unchanged. */
export function readResult(result: unknown, emptyLabel: EmptyLabel): unknown {
  if (typeof result !== 'object' || result === null || !('classification_data' in result)) return result;
  const { classification_data: data } = result;
  if (typeof data !== 'object' || data === null) return result;
  return { ...result, classification_data: withEmptyLabels(readRow({ ...data }), emptyLabel) };
}
