-- Our own tables, in a schema of our own and without a foreign key into public: the API's TRUNCATE never meets us.
CREATE TABLE vambe_worker.jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id text NOT NULL,
  task text NOT NULL,
  queue text NOT NULL,
  parameters jsonb NOT NULL DEFAULT '{}',
  message jsonb,
  result jsonb,
  meeting_id integer,
  origin text NOT NULL,
  state text NOT NULL DEFAULT 'queued'
    CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'retrying', 'completed', 'failed', 'cancelled', 'rejected')),
  delivery integer NOT NULL DEFAULT 0,
  attempt integer NOT NULL DEFAULT 0,
  attempts jsonb NOT NULL DEFAULT '[]',
  alone boolean NOT NULL DEFAULT false,
  priority integer NOT NULL DEFAULT 1,
  error_code text,
  error_message text,
  worker text,
  run_id bigint,
  accepted_at timestamptz NOT NULL DEFAULT now(),
  delivered_at timestamptz NOT NULL DEFAULT now(),
  due_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  CONSTRAINT jobs_task_id_unique UNIQUE (task_id)
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE INDEX jobs_open_index ON vambe_worker.jobs (id) WHERE state IN ('queued', 'retrying');
--> statement-breakpoint
CREATE INDEX jobs_trouble_index ON vambe_worker.jobs (state, id) WHERE state IN ('failed', 'cancelled', 'rejected');
--> statement-breakpoint
CREATE INDEX jobs_meeting_id_index ON vambe_worker.jobs (meeting_id, id) WHERE meeting_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX jobs_accepted_at_index ON vambe_worker.jobs USING brin (accepted_at) WITH (pages_per_range = 16);
--> statement-breakpoint
CREATE SEQUENCE vambe_worker.runs_id_seq AS bigint CACHE 1;
--> statement-breakpoint
CREATE TABLE vambe_worker.runs (
  id bigint PRIMARY KEY DEFAULT nextval('vambe_worker.runs_id_seq'),
  meeting_id integer NOT NULL,
  job_id bigint,
  classifier text NOT NULL,
  model text NOT NULL,
  prompt_version text,
  taxonomy_version text NOT NULL,
  input_hash text NOT NULL,
  fields jsonb NOT NULL,
  texts jsonb NOT NULL DEFAULT '{}',
  confidence real NOT NULL DEFAULT 0,
  truncated boolean NOT NULL DEFAULT false,
  needs_review boolean NOT NULL DEFAULT false,
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric(12, 6),
  started_at timestamptz NOT NULL,
  duration_ms integer NOT NULL
);
--> statement-breakpoint
ALTER SEQUENCE vambe_worker.runs_id_seq OWNED BY vambe_worker.runs.id;
--> statement-breakpoint
CREATE INDEX runs_meeting_id_index ON vambe_worker.runs (meeting_id, id);
--> statement-breakpoint
CREATE INDEX runs_started_at_index ON vambe_worker.runs USING brin (started_at) WITH (pages_per_range = 16);
--> statement-breakpoint
CREATE TABLE vambe_worker.current (
  meeting_id integer PRIMARY KEY,
  run_id bigint NOT NULL,
  input_hash text NOT NULL,
  corrected jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 70);
--> statement-breakpoint
CREATE TABLE vambe_worker.reviews (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meeting_id integer NOT NULL,
  run_id bigint,
  field text NOT NULL,
  before jsonb,
  after jsonb,
  reviewer text NOT NULL,
  reason text,
  reviewed_at timestamptz NOT NULL DEFAULT now()
);
--> statement-breakpoint
CREATE INDEX reviews_meeting_id_index ON vambe_worker.reviews (meeting_id, id);
--> statement-breakpoint
CREATE TABLE vambe_worker.llm_replies (
  key text PRIMARY KEY,
  meeting_id integer NOT NULL,
  model text NOT NULL,
  reply jsonb NOT NULL,
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric(12, 6),
  latency_ms integer,
  created_at timestamptz NOT NULL DEFAULT now()
);
--> statement-breakpoint
CREATE INDEX llm_replies_meeting_id_index ON vambe_worker.llm_replies (meeting_id);
--> statement-breakpoint
CREATE TABLE vambe_worker.controls (
  kind text NOT NULL,
  name text NOT NULL,
  reason text NOT NULL,
  until timestamptz,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, name)
);
--> statement-breakpoint
CREATE TABLE vambe_worker.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  object text NOT NULL,
  before jsonb,
  after jsonb,
  reason text
);
--> statement-breakpoint
CREATE INDEX audit_object_index ON vambe_worker.audit (object, id);
