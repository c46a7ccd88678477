-- One job of the queue, for consume.sh: takes it, runs it and records the result, in one transaction.
-- The row of a job is locked while the job runs. If its consumer dies, however that happens, the
-- server rolls the transaction back, and the job is free again.
BEGIN;

WITH free AS (
  SELECT id, file FROM jobs
  WHERE done IS NULL AND attempts < :attempts
  ORDER BY attempts, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
SELECT min(id) AS job, min(file) AS job_file FROM free -- one row; its columns are null if no job is free
\gset

\if :{?job}
  \setenv JOB :job
  \setenv JOB_FILE :job_file
  \set status `sluice run "$LOAD" --quiet --set file="$JOB_FILE" --set url="$DATABASE" --run-key "job $JOB" >&2; echo $?`
  UPDATE jobs SET attempts = attempts + 1, status = :status, done = CASE :status WHEN 0 THEN now() END WHERE id = :job;
  \echo job :job :job_file status :status
\endif

COMMIT;
