-- A call that was given up after it was sent may be charged: it is recorded at its estimated cost.
ALTER TABLE vambe_worker.llm_calls DROP CONSTRAINT llm_calls_outcome_check;
--> statement-breakpoint
-- Rows that are there meet the stricter check that this one replaces: NOT VALID spares the scan of a long table.
ALTER TABLE vambe_worker.llm_calls ADD CONSTRAINT llm_calls_outcome_check CHECK (outcome IN ('whole', 'cut', 'refused', 'abandoned')) NOT VALID;
