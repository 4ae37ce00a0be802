-- "vambe jobs --task": a task that runs rarely was looked for through the whole history.
CREATE INDEX jobs_task_index ON vambe_worker.jobs (task, id);
