-- Work that takes longer than a request: queued, claimed by a worker, run under a lease.

-- One row is one job, from being asked for to its end.
CREATE TABLE jobs (
    id                  TEXT NOT NULL PRIMARY KEY,
    -- Stable name of the kind of work, and what it needs as JSON.
    kind                TEXT NOT NULL,
    payload             TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    -- Higher goes first.
    priority            INTEGER NOT NULL,
    -- One key, one job, for as long as the row is kept.
    dedup_key           TEXT UNIQUE,
    enqueued_by         TEXT NOT NULL,
    enqueued_at         TIMESTAMP NOT NULL,
    -- Not claimed before this: a retry waits.
    not_before          TIMESTAMP NOT NULL,
    -- Counts claims. The number of the last one is the fence: a worker that lost its lease holds
    -- an older number, and nothing it writes is taken.
    attempt             INTEGER NOT NULL CHECK (attempt >= 0),
    max_attempts        INTEGER NOT NULL CHECK (max_attempts >= 1),
    -- Who runs it, and a number that grows with every sign of life. Whoever has watched the number
    -- stand still for a whole lease, by a clock of its own, may take the job over; so no two
    -- machines ever compare their clocks.
    worker              TEXT,
    beat                BIGINT NOT NULL,
    started_at          TIMESTAMP,
    finished_at         TIMESTAMP,
    cancel_requested_at TIMESTAMP,
    -- What is being done, and how far: parts done and parts in all (0: not known).
    step                TEXT NOT NULL,
    n_done              BIGINT NOT NULL,
    n_parts             BIGINT NOT NULL,
    -- What came of it, JSON; only of one that succeeded.
    result              TEXT,
    -- What went wrong last; kept while it is tried again.
    error               TEXT,
    CHECK ((status IN ('queued', 'running')) = (finished_at IS NULL)),
    CHECK ((status = 'running') = (worker IS NOT NULL)),
    CHECK ((status = 'succeeded') = (result IS NOT NULL)),
    CHECK (status <> 'failed' OR error IS NOT NULL)
);

CREATE INDEX jobs_to_claim ON jobs (status, priority, enqueued_at);

-- One row is one line of a job's log.
CREATE TABLE job_log (
    id      TEXT NOT NULL PRIMARY KEY,
    job_id  TEXT NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    at      TIMESTAMP NOT NULL,
    line    TEXT NOT NULL
);

CREATE INDEX job_log_by_job ON job_log (job_id, id);

-- One row is one task that only one process may do at a time ('scheduler') and who does it. As with
-- jobs, `beat` grows while the holder lives.
CREATE TABLE leases (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    beat   BIGINT NOT NULL
);
