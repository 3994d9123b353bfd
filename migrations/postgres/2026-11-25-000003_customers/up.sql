-- Customers as last seen, and every prediction ever made.

-- One row is one customer of one data set, as last scored. `dataset` is the name of the
-- specification, `record` the values as JSON, as they were given.
CREATE TABLE customers (
    dataset       TEXT NOT NULL,
    key           TEXT COLLATE "C" NOT NULL,
    record        TEXT NOT NULL,
    probability   DOUBLE PRECISION NOT NULL CHECK (probability >= 0 AND probability <= 1),
    risk_level    TEXT NOT NULL CHECK (risk_level IN ('HIGH', 'MEDIUM', 'LOW')),
    model_version TEXT NOT NULL,
    scored_at     TIMESTAMP NOT NULL,
    PRIMARY KEY (dataset, key)
);

CREATE INDEX customers_by_probability ON customers (dataset, probability, key);
CREATE INDEX customers_by_scored_at ON customers (dataset, scored_at, key);

-- One row is one answer that was given. Its id is a UUID version 7, or job and row number for a
-- file, so that a file scored again after a crash is not counted twice.
CREATE TABLE predictions (
    id            TEXT NOT NULL PRIMARY KEY,
    at            TIMESTAMP NOT NULL,
    dataset       TEXT NOT NULL,
    customer_key  TEXT NOT NULL,
    model_version TEXT NOT NULL,
    probability   DOUBLE PRECISION NOT NULL CHECK (probability >= 0 AND probability <= 1),
    risk_level    TEXT NOT NULL CHECK (risk_level IN ('HIGH', 'MEDIUM', 'LOW')),
    -- What was asked through: 'api', 'batch', 'job', 'page'.
    source        TEXT NOT NULL,
    -- Who asked; absent where the profile lets anybody ask.
    asked_by      TEXT,
    -- The values asked about, JSON, and what was answered beside the probability, JSON.
    record        TEXT NOT NULL,
    answer        TEXT NOT NULL
);

CREATE INDEX predictions_by_time ON predictions (at, id);
CREATE INDEX predictions_by_customer ON predictions (dataset, customer_key, at);
