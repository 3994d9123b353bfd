-- The first tables: data files, training runs, model versions, aliases, audit.
-- Times are UTC, whole microseconds, given by the program and never by the database.
-- Identifiers are UUID version 7 as text, hashes are lower-case SHA-256 in hex.

-- One row is one data file by content: the same bytes loaded again are the same row.
CREATE TABLE datasets (
    sha256           TEXT NOT NULL PRIMARY KEY,
    name             TEXT NOT NULL,
    -- The path as it was given when the file was first seen; only a hint for people.
    origin           TEXT NOT NULL,
    n_rows           BIGINT NOT NULL CHECK (n_rows >= 0),
    n_bytes          BIGINT NOT NULL CHECK (n_bytes >= 0),
    spec_fingerprint TEXT NOT NULL,
    first_seen_at    TIMESTAMP NOT NULL
);

-- One row is one training run, from its start to its end; the three JSON columns are what
-- was asked for, what every candidate scored, and what was decided and why.
CREATE TABLE runs (
    id               TEXT NOT NULL PRIMARY KEY,
    started_at       TIMESTAMP NOT NULL,
    finished_at      TIMESTAMP,
    status           TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed')),
    seed             BIGINT NOT NULL,
    dataset_sha256   TEXT NOT NULL REFERENCES datasets (sha256),
    spec_fingerprint TEXT NOT NULL,
    config           TEXT NOT NULL,
    leaderboard      TEXT,
    decision         TEXT,
    error            TEXT,
    CHECK ((status = 'running') = (finished_at IS NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL))
);

CREATE INDEX runs_by_start ON runs (started_at);

-- One row is one registered model. It never changes after it is written.
CREATE TABLE model_versions (
    -- 'v1.2.3', and the same three numbers for sorting.
    version          TEXT NOT NULL PRIMARY KEY,
    major            INTEGER NOT NULL,
    minor            INTEGER NOT NULL,
    patch            INTEGER NOT NULL,
    -- Absent for a bundle that was trained elsewhere and imported.
    run_id           TEXT REFERENCES runs (id),
    algorithm        TEXT NOT NULL,
    bundle_sha256    TEXT NOT NULL UNIQUE,
    size_bytes       BIGINT NOT NULL,
    dataset_sha256   TEXT NOT NULL,
    spec_fingerprint TEXT NOT NULL,
    -- Everything the feature plan learned.
    plan_fingerprint TEXT NOT NULL,
    -- Which features there are: another one makes the next version a major one.
    features_fingerprint TEXT NOT NULL,
    -- Learner, hyper-parameters, encodings: another one makes the next version a minor one.
    recipe_fingerprint TEXT NOT NULL,
    parameters       TEXT NOT NULL,
    metrics          TEXT NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    UNIQUE (major, minor, patch)
);

-- One row is one movable name ('champion') and the version it names now.
CREATE TABLE aliases (
    name     TEXT NOT NULL PRIMARY KEY,
    version  TEXT NOT NULL REFERENCES model_versions (version),
    moved_at TIMESTAMP NOT NULL
);

-- One row is one move of an alias. `position` counts the moves of that alias from 1, so two
-- processes that move it at once cannot both be the same move.
CREATE TABLE alias_moves (
    id           TEXT NOT NULL PRIMARY KEY,
    alias        TEXT NOT NULL REFERENCES aliases (name),
    position     BIGINT NOT NULL CHECK (position >= 1),
    action       TEXT NOT NULL CHECK (action IN ('activate', 'rollback')),
    from_version TEXT REFERENCES model_versions (version),
    to_version   TEXT NOT NULL REFERENCES model_versions (version),
    who          TEXT NOT NULL,
    why          TEXT NOT NULL,
    moved_at     TIMESTAMP NOT NULL,
    UNIQUE (alias, position)
);

-- One row is one action somebody took, with the state before and after as JSON.
CREATE TABLE audit (
    id      TEXT NOT NULL PRIMARY KEY,
    at      TIMESTAMP NOT NULL,
    who     TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    before  TEXT,
    after   TEXT
);

CREATE INDEX audit_by_time ON audit (at);
