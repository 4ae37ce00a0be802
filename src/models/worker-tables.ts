/** Our own tables, in the PostgreSQL schema `vambe_worker`. migrations/0002_worker_tables.sql creates them. */
import { bigint, boolean, integer, jsonb, numeric, pgSchema, real, text, timestamp } from 'drizzle-orm/pg-core';

export const workerSchema = pgSchema('vambe_worker');

const instant = (name: string) => timestamp(name, { withTimezone: true });
/** Queries return bigint ids as text, because they may exceed 2^53 and no code calculates with them. */
const rowId = (name: string) => bigint(name, { mode: 'bigint' });

/** A failed attempt, as `jobs.attempts` lists them. */
export interface AttemptNote {
  readonly attempt: number;
  readonly at: string;
  readonly code: string;
  readonly message: string;
  /** When the next attempt is due; null when there is none. */
  readonly due_at: string | null;
}

/** One row per accepted request. This row is the source of truth, not Redis. */
export const jobs = workerSchema.table('jobs', {
  id: rowId('id').primaryKey().generatedAlwaysAsIdentity(),
  taskId: text('task_id').notNull().unique(),
  task: text('task').notNull(),
  queue: text('queue').notNull(),
  parameters: jsonb('parameters').$type<Record<string, unknown>>().notNull().default({}),
  /** A Celery message's headers and embed; the raw message when it was rejected. */
  message: jsonb('message'),
  result: jsonb('result'),
  meetingId: integer('meeting_id'),
  /** Who asked: cli, api, import, sweep, schedule or celery. */
  origin: text('origin').notNull(),
  state: text('state').notNull().default('queued'),
  /** How often it was added to the queue again; part of the BullMQ job id. */
  delivery: integer('delivery').notNull().default(0),
  /** Attempts that failed so far. */
  attempt: integer('attempt').notNull().default(0),
  attempts: jsonb('attempts').$type<AttemptNote[]>().notNull().default([]),
  /** True: runs in its own process, because a worker died while it ran. */
  alone: boolean('alone').notNull().default(false),
  priority: integer('priority').notNull().default(1),
  errorCode: text('error_code'),
  errorMessage: text('error_message'),
  worker: text('worker'),
  runId: rowId('run_id'),
  acceptedAt: instant('accepted_at').notNull().defaultNow(),
  deliveredAt: instant('delivered_at').notNull().defaultNow(),
  dueAt: instant('due_at'),
  startedAt: instant('started_at'),
  finishedAt: instant('finished_at'),
});

/** One row per attempt that produced an answer. Its id is assigned when the job starts, so ids have the order of starts. */
export const runs = workerSchema.table('runs', {
  id: rowId('id').primaryKey(),
  meetingId: integer('meeting_id').notNull(),
  jobId: rowId('job_id'),
  classifier: text('classifier').notNull(),
  model: text('model').notNull(),
  promptVersion: text('prompt_version'),
  taxonomyVersion: text('taxonomy_version').notNull(),
  inputHash: text('input_hash').notNull(),
  /** By field id: value, confidence, evidence with offsets. */
  fields: jsonb('fields').notNull(),
  /** key_topics, action_items, next_steps, summary. */
  texts: jsonb('texts').notNull().default({}),
  confidence: real('confidence').notNull().default(0),
  truncated: boolean('truncated').notNull().default(false),
  needsReview: boolean('needs_review').notNull().default(false),
  inputTokens: integer('input_tokens'),
  outputTokens: integer('output_tokens'),
  costUsd: numeric('cost_usd', { precision: 12, scale: 6 }),
  startedAt: instant('started_at').notNull(),
  durationMs: integer('duration_ms').notNull(),
  /** Total of all calls to the model; null: there were none. */
  latencyMs: integer('latency_ms'),
});

/** One row per meeting: its current run, the input of that run, and a person's corrections (by field id). */
export const current = workerSchema.table('current', {
  meetingId: integer('meeting_id').primaryKey(),
  runId: rowId('run_id').notNull(),
  inputHash: text('input_hash').notNull(),
  corrected: jsonb('corrected').$type<Record<string, unknown>>().notNull().default({}),
});

/** A person's corrections, one row per field. */
export const reviews = workerSchema.table('reviews', {
  id: rowId('id').primaryKey().generatedAlwaysAsIdentity(),
  meetingId: integer('meeting_id').notNull(),
  runId: rowId('run_id'),
  field: text('field').notNull(),
  before: jsonb('before'),
  after: jsonb('after'),
  reviewer: text('reviewer').notNull(),
  reason: text('reason'),
  reviewedAt: instant('reviewed_at').notNull().defaultNow(),
});

/** Raw model replies by input hash. They are saved before anything else, so that no reply is paid for twice. */
export const llmReplies = workerSchema.table('llm_replies', {
  key: text('key').primaryKey(),
  meetingId: integer('meeting_id').notNull(),
  model: text('model').notNull(),
  reply: jsonb('reply').notNull(),
  inputTokens: integer('input_tokens'),
  outputTokens: integer('output_tokens'),
  costUsd: numeric('cost_usd', { precision: 12, scale: 6 }),
  latencyMs: integer('latency_ms'),
  createdAt: instant('created_at').notNull().defaultNow(),
});

/** One row per call to a model, also where its reply could not be used. */
export const llmCalls = workerSchema.table('llm_calls', {
  id: rowId('id').primaryKey().generatedAlwaysAsIdentity(),
  at: instant('at').notNull().defaultNow(),
  /** null: a test of the connection. */
  meetingId: integer('meeting_id'),
  model: text('model').notNull(),
  /** whole, cut, refused or abandoned */
  outcome: text('outcome').notNull(),
  inputTokens: integer('input_tokens'),
  outputTokens: integer('output_tokens'),
  /** null: the price or the usage is unknown. */
  costUsd: numeric('cost_usd', { precision: 12, scale: 6 }),
  latencyMs: integer('latency_ms').notNull(),
});

/** Pauses of queues and schedules. They are stored here, because an emptied Redis loses them. */
export const controls = workerSchema.table('controls', {
  kind: text('kind').notNull(),
  name: text('name').notNull(),
  reason: text('reason').notNull(),
  until: instant('until'),
  /** Error code of a worker's hold; null: a person's pause. */
  code: text('code'),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

/** What people changed by hand: who, what, before, after, why. */
export const audit = workerSchema.table('audit', {
  id: rowId('id').primaryKey().generatedAlwaysAsIdentity(),
  at: instant('at').notNull().defaultNow(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  object: text('object').notNull(),
  before: jsonb('before'),
  after: jsonb('after'),
  reason: text('reason'),
});

export const workerTables = {
  jobs,
  runs,
  current,
  reviews,
  llm_replies: llmReplies,
  llm_calls: llmCalls,
  controls,
  audit,
};
