-- Evidence: records with their sealed payloads, data keys, erasures and holds, the statutory network log, the checkpoint.
-- Times are milliseconds since 1970. BYTEA and BIGINT PRIMARY KEY are renamed for SQLite.

-- +goose Up
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO counter (name, next) VALUES ('record', 1), ('erasure', 1);

CREATE TABLE subject_key (
    id       TEXT PRIMARY KEY,
    subject  TEXT NOT NULL,
    envelope TEXT NOT NULL,
    wrapped  BYTEA -- null once erased
);
CREATE INDEX subject_key_subject ON subject_key (subject);

CREATE TABLE record (
    seq        BIGINT PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    role       TEXT NOT NULL,
    clauses    TEXT NOT NULL, -- separated by spaces
    at         BIGINT NOT NULL,
    commitment BYTEA NOT NULL,
    class      TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    sealed     BYTEA, -- null once purged
    log_index  BIGINT -- null until the log has it
);
CREATE INDEX record_pending ON record (seq) WHERE log_index IS NULL;
CREATE UNIQUE INDEX record_log_index ON record (log_index) WHERE log_index IS NOT NULL;
CREATE INDEX record_subject ON record (subject, at);

CREATE TABLE network_log (
    id      TEXT PRIMARY KEY,
    at      BIGINT NOT NULL,
    subject TEXT NOT NULL,
    key_id  TEXT NOT NULL,
    sealed  BYTEA NOT NULL
);
CREATE INDEX network_log_at ON network_log (at);
CREATE INDEX network_log_subject ON network_log (subject, at);

CREATE TABLE erasure (
    subject   TEXT PRIMARY KEY,
    requested BIGINT NOT NULL,
    due       BIGINT NOT NULL,
    done      BIGINT -- null while the data is restricted to storage
);

CREATE TABLE hold (
    id        TEXT PRIMARY KEY,
    subject   TEXT NOT NULL, -- empty for a hold on one record
    record_id TEXT NOT NULL, -- empty for a hold on a subject
    placed    BIGINT NOT NULL,
    lifted    BIGINT
);

CREATE TABLE checkpoint (
    origin TEXT PRIMARY KEY,
    note   BYTEA NOT NULL
);

-- +goose Down
DROP TABLE checkpoint;
DROP TABLE hold;
DROP TABLE erasure;
DROP TABLE network_log;
DROP TABLE record;
DROP TABLE subject_key;
DROP TABLE counter;
