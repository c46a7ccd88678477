-- The queue: a row for each log to load.
--
--   psql web -f jobs.sql
--   psql web -c "INSERT INTO jobs (file) VALUES ('logs/2026-11-26.log')"
CREATE TABLE jobs (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  file     text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  status   integer, -- exit status of the last attempt
  done     timestamptz
);

CREATE INDEX jobs_waiting ON jobs (id) WHERE done IS NULL;
