-- What a production line needs: which records are about what, the keys of originals, work that waits for a job, the
-- pseudonyms of accounts, and the answers that belong to idempotency keys.

-- +goose Up
CREATE TABLE record_about (
    thing TEXT NOT NULL, -- such as a content number
    seq   BIGINT NOT NULL,
    PRIMARY KEY (thing, seq)
);

ALTER TABLE artefact_original ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE artefact_original ADD COLUMN sealed BYTEA; -- key of the sealed bytes
CREATE INDEX artefact_original_key ON artefact_original (key_id);

CREATE TABLE artefact_work (
    number TEXT PRIMARY KEY REFERENCES artefact (number),
    wanted TEXT NOT NULL, -- JSON
    job    TEXT NOT NULL  -- empty when nothing works it
);

CREATE INDEX artefact_waiting ON artefact (created, number) WHERE state = 'received';

CREATE TABLE account_name (
    digest  BYTEA PRIMARY KEY, -- of the provider's own identifier, under a secret of the deployment
    subject TEXT NOT NULL UNIQUE
);

CREATE TABLE answer (
    owner   TEXT NOT NULL, -- identifier of an API key or of a staff account
    name    BYTEA NOT NULL, -- digest of the idempotency key
    request BYTEA NOT NULL, -- digest of what was asked
    answer  BYTEA, -- null while it is being worked on
    at      BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
);
CREATE INDEX answer_at ON answer (at);

-- +goose Down
DROP TABLE answer;
DROP TABLE account_name;
DROP INDEX artefact_waiting;
DROP TABLE artefact_work;
DROP INDEX artefact_original_key;
ALTER TABLE artefact_original DROP COLUMN sealed;
ALTER TABLE artefact_original DROP COLUMN key_id;
DROP TABLE record_about;
