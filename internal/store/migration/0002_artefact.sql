-- Produced items, what they were made from, to whom they were delivered, and references of bytes that nobody needs.

-- +goose Up
CREATE TABLE artefact (
    number     TEXT PRIMARY KEY,
    state      TEXT NOT NULL,
    function   TEXT NOT NULL,
    account    TEXT NOT NULL, -- empty once erased
    format     TEXT NOT NULL,
    size       BIGINT NOT NULL,
    sha_before BYTEA, -- null once erased
    parents    TEXT NOT NULL, -- separated by spaces
    stored     BIGINT NOT NULL,
    sha_after  BYTEA, -- null until marked
    marks      TEXT, -- JSON; null until marked
    blob       TEXT NOT NULL, -- empty when the bytes are not kept
    likeness   BYTEA, -- null until somebody made a perceptual hash
    reason     TEXT NOT NULL,
    created    BIGINT NOT NULL,
    changed    BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX artefact_created ON artefact (created, number);
CREATE INDEX artefact_account ON artefact (account, created, number);
CREATE INDEX artefact_before ON artefact (sha_before);
CREATE INDEX artefact_after ON artefact (sha_after);
CREATE INDEX artefact_blob ON artefact (blob) WHERE blob <> '';

CREATE TABLE artefact_parent (
    child  TEXT NOT NULL REFERENCES artefact (number),
    parent TEXT NOT NULL REFERENCES artefact (number),
    PRIMARY KEY (child, parent)
);
CREATE INDEX artefact_parent_parent ON artefact_parent (parent);

CREATE TABLE artefact_original (
    number TEXT PRIMARY KEY REFERENCES artefact (number),
    blob   TEXT NOT NULL,
    ends   BIGINT NOT NULL
);
CREATE INDEX artefact_original_ends ON artefact_original (ends);
CREATE INDEX artefact_original_blob ON artefact_original (blob);

CREATE TABLE artefact_delivery (
    id        TEXT PRIMARY KEY,
    number    TEXT NOT NULL REFERENCES artefact (number),
    recipient TEXT NOT NULL, -- empty once erased
    how       TEXT NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX artefact_delivery_number ON artefact_delivery (number, at, id);
CREATE INDEX artefact_delivery_recipient ON artefact_delivery (recipient, at, id);

CREATE TABLE artefact_doomed (
    blob TEXT PRIMARY KEY
);

-- +goose Down
DROP TABLE artefact_doomed;
DROP TABLE artefact_delivery;
DROP TABLE artefact_original;
DROP TABLE artefact_parent;
DROP TABLE artefact;
