-- Replies of forced jobs (key: input hash, colon, job) are of use to that job alone, and go with it; those of an input stay.
CREATE INDEX llm_replies_forced_index ON vambe_worker.llm_replies (created_at) WHERE strpos(key, ':') > 0;
