-- Who does a run, and when it last said so. A run that is 'running' while its process is gone, or
-- has been silent for long, was interrupted; nobody is left to write that down, so readers work it
-- out. Both are absent in runs of programs before this.
ALTER TABLE runs ADD COLUMN owner TEXT;
ALTER TABLE runs ADD COLUMN alive_at TEXT;
