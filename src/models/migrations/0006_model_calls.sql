-- Why a worker put a queue on hold; null for a person's pause.
ALTER TABLE vambe_worker.controls ADD COLUMN code text;
--> statement-breakpoint
-- One row a call of a model, answered or not worth keeping: what is spent stands here.
CREATE TABLE vambe_worker.llm_calls (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  meeting_id integer,
  model text NOT NULL,
  outcome text NOT NULL CONSTRAINT llm_calls_outcome_check CHECK (outcome IN ('whole', 'cut', 'refused')),
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric(12, 6),
  latency_ms integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX llm_calls_at_index ON vambe_worker.llm_calls (at) INCLUDE (cost_usd);
--> statement-breakpoint
ALTER TABLE vambe_worker.runs ADD COLUMN latency_ms integer;
