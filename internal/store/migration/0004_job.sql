-- What background work has beside River's own tables, which are made by River's migrations.

-- +goose Up
CREATE TABLE job (
    id      TEXT PRIMARY KEY,
    river   BIGINT NOT NULL UNIQUE, -- the row in river_job
    percent BIGINT NOT NULL,
    code    TEXT NOT NULL, -- what to tell a person who waits; empty for nothing
    told    BIGINT NOT NULL -- when; 0 for never
);

CREATE TABLE job_node (
    id   TEXT PRIMARY KEY,
    seen BIGINT NOT NULL -- by the clock of the database
);

CREATE TABLE job_period (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);

-- +goose Down
DROP TABLE job_period;
DROP TABLE job_node;
DROP TABLE job;
