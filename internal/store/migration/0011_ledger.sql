-- Things whose every change is proven, of all ledgers. Times are milliseconds since 1970; 0 stands for never.

-- +goose Up
CREATE TABLE ledger_entry (
    ledger  TEXT NOT NULL,
    id      TEXT NOT NULL,
    version BIGINT NOT NULL,
    subject TEXT NOT NULL,
    state   TEXT NOT NULL,
    due     BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    value   TEXT NOT NULL, -- JSON without personal data
    key_id  TEXT NOT NULL, -- empty when nothing is sealed
    sealed  BYTEA,
    seq     BIGINT NOT NULL, -- of the record that proves the last change
    PRIMARY KEY (ledger, id)
);
CREATE INDEX ledger_entry_seq ON ledger_entry (seq);
CREATE INDEX ledger_entry_subject ON ledger_entry (subject, ledger, id);
CREATE INDEX ledger_entry_state ON ledger_entry (ledger, state, id);
CREATE INDEX ledger_entry_due ON ledger_entry (ledger, due) WHERE due > 0;
CREATE INDEX ledger_entry_key ON ledger_entry (key_id) WHERE key_id <> '';

CREATE TABLE ledger_key (
    ledger   TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    id       TEXT NOT NULL,
    sole     BIGINT NOT NULL, -- 1 when no other entry may have the key
    personal BIGINT NOT NULL, -- 1 when it goes with the subject
    PRIMARY KEY (ledger, name, value, id)
);
CREATE UNIQUE INDEX ledger_key_sole ON ledger_key (ledger, name, value) WHERE sole = 1;
CREATE INDEX ledger_key_entry ON ledger_key (ledger, id);

-- +goose Down
DROP TABLE ledger_key;
DROP TABLE ledger_entry;
