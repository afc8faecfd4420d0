-- The feature library: what was proposed together, each feature with how far it got, the versions of the library, and the
-- texts that changes are replayed over. Times are milliseconds since 1970; 0 stands for none.

-- +goose Up
CREATE TABLE feature_batch (
    id       TEXT PRIMARY KEY,
    proposer TEXT NOT NULL, -- identifier of a staff account
    at       BIGINT NOT NULL,
    origin   TEXT NOT NULL,
    digest   BYTEA NOT NULL,
    count    BIGINT NOT NULL
);

CREATE TABLE feature (
    id       TEXT PRIMARY KEY,
    batch    TEXT NOT NULL REFERENCES feature_batch (id),
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    aliases  TEXT NOT NULL, -- separated by line feeds
    category TEXT NOT NULL,
    level    TEXT NOT NULL,
    language TEXT NOT NULL,
    source   TEXT NOT NULL,
    begins   BIGINT NOT NULL,
    ends     BIGINT NOT NULL,
    anywhere BIGINT NOT NULL, -- 0 or 1
    standard TEXT NOT NULL,
    reason   TEXT NOT NULL,
    live_key BYTEA UNIQUE, -- digest of what it finds; null once retired or rejected
    state    TEXT NOT NULL,
    reviewer TEXT NOT NULL, -- empty before
    changed  BIGINT NOT NULL,
    since    BIGINT NOT NULL, -- number of the version that it became active with
    gone     BIGINT NOT NULL  -- number of the version that it was retired with
);
CREATE INDEX feature_of_batch ON feature (batch, state);
CREATE INDEX feature_state ON feature (state, id);
CREATE INDEX feature_category ON feature (category, id);

CREATE TABLE feature_version (
    number BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL,
    count  BIGINT NOT NULL,
    digest BYTEA NOT NULL
);

CREATE TABLE feature_sample (
    id      TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    origin  TEXT NOT NULL,
    added   BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    key_id  TEXT NOT NULL,
    sealed  BYTEA NOT NULL
);
CREATE INDEX feature_sample_ends ON feature_sample (ends);
CREATE INDEX feature_sample_subject ON feature_sample (subject);

-- +goose Down
DROP TABLE feature_sample;
DROP TABLE feature_version;
DROP TABLE feature;
DROP TABLE feature_batch;
