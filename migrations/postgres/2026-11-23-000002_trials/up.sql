-- One row is one finished trial of a study: parameters, losses per fold, how it ended.
-- A study is named by a hash over everything that decides its proposals (data, specification,
-- split, algorithm, space, seed), so a run that was cut short, or is asked for again, finds its
-- trials and goes on where it stopped.
CREATE TABLE trials (
    study            TEXT NOT NULL,
    number           BIGINT NOT NULL CHECK (number >= 0),
    -- The run that did it; later runs may use it too.
    run_id           TEXT NOT NULL REFERENCES runs (id),
    algorithm        TEXT NOT NULL,
    -- The whole record as JSON.
    record           TEXT NOT NULL,
    finished_at      TIMESTAMP NOT NULL,
    PRIMARY KEY (study, number)
);

CREATE INDEX trials_by_run ON trials (run_id);
