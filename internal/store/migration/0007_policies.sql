-- Decision tables with their releases, and the journal of judgements, which holds no text.

-- +goose Up
CREATE TABLE policy_version (
    version    TEXT PRIMARY KEY,
    digest     BYTEA NOT NULL,
    body       TEXT NOT NULL, -- JSON
    origin     TEXT NOT NULL, -- name of the key that signed it; empty when it was made here
    reason     TEXT NOT NULL,
    proposer   TEXT NOT NULL, -- identifier of a staff account
    at         BIGINT NOT NULL,
    comparison TEXT -- JSON; null before the first
);
CREATE INDEX policy_version_at ON policy_version (at, version);

CREATE TABLE policy_release (
    number   BIGINT PRIMARY KEY, -- 1, 2, 3 and so on; the last is in force
    version  TEXT NOT NULL REFERENCES policy_version (version),
    releaser TEXT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX policy_release_version ON policy_release (version, number);

CREATE TABLE judgement (
    id       TEXT PRIMARY KEY, -- of the record, too
    at       BIGINT NOT NULL,
    subject  TEXT NOT NULL,
    surface  TEXT NOT NULL,
    class    TEXT NOT NULL,
    function TEXT NOT NULL,
    action   BIGINT NOT NULL, -- 1 allow, 2 label, 3 limit, 4 review, 5 refuse
    verdict  BIGINT NOT NULL, -- 0 could not tell, 1 passed, 2 failed
    policy   TEXT NOT NULL,
    library  TEXT NOT NULL,
    facts    TEXT -- JSON; null for none
);
CREATE INDEX judgement_at ON judgement (at, id);
CREATE INDEX judgement_subject ON judgement (subject, at, id);
CREATE INDEX judgement_action ON judgement (action, at, id) WHERE action > 1;
CREATE INDEX judgement_facts ON judgement (at, id) WHERE facts IS NOT NULL;

CREATE TABLE judgement_category (
    category TEXT NOT NULL, -- of what was found; not of what nobody checked
    at       BIGINT NOT NULL,
    id       TEXT NOT NULL REFERENCES judgement (id) ON DELETE CASCADE,
    PRIMARY KEY (category, at, id)
);
CREATE INDEX judgement_category_id ON judgement_category (id);

-- +goose Down
DROP TABLE judgement_category;
DROP TABLE judgement;
DROP TABLE policy_release;
DROP TABLE policy_version;
