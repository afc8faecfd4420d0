-- The people who operate Colophon, and API keys. Secrets are digests.

-- +goose Up
CREATE TABLE staff_account (
    id       TEXT PRIMARY KEY,
    login    TEXT UNIQUE, -- null when the person signs in elsewhere alone
    roles    TEXT NOT NULL, -- separated by spaces, with one before and one after
    password TEXT NOT NULL,
    passkeys TEXT NOT NULL, -- JSON, so that one row is the whole account
    identities TEXT NOT NULL, -- JSON
    disabled BIGINT NOT NULL, -- 0 or 1
    created  BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    version  BIGINT NOT NULL
);

-- The two tables below make sure that a passkey and an identity belong to one account, and find it.
CREATE TABLE staff_passkey (
    id      BYTEA PRIMARY KEY,
    account TEXT NOT NULL REFERENCES staff_account (id)
);
CREATE INDEX staff_passkey_account ON staff_passkey (account);

CREATE TABLE staff_identity (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES staff_account (id),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX staff_identity_account ON staff_identity (account);

CREATE TABLE staff_session (
    digest  BYTEA PRIMARY KEY,
    id      TEXT NOT NULL,
    account TEXT NOT NULL,
    epoch   BIGINT NOT NULL,
    method  TEXT NOT NULL,
    opened  BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    ends    BIGINT NOT NULL
);
CREATE INDEX staff_session_account ON staff_session (account);
CREATE INDEX staff_session_ends ON staff_session (ends);

CREATE TABLE staff_ticket (
    digest  BYTEA PRIMARY KEY,
    kind    TEXT NOT NULL,
    account TEXT NOT NULL, -- empty when it belongs to none
    state   BYTEA,
    ends    BIGINT NOT NULL
);
CREATE INDEX staff_ticket_ends ON staff_ticket (ends);

CREATE TABLE staff_bucket (
    name TEXT PRIMARY KEY,
    full_at BIGINT NOT NULL
);

CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    digest      BYTEA NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    scope       TEXT NOT NULL, -- JSON
    created     BIGINT NOT NULL,
    ends        BIGINT NOT NULL,
    revoked     BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    replaces    TEXT NOT NULL,
    replaced_by TEXT NOT NULL,
    version     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE api_key;
DROP TABLE staff_bucket;
DROP TABLE staff_ticket;
DROP TABLE staff_session;
DROP TABLE staff_identity;
DROP TABLE staff_passkey;
DROP TABLE staff_account;
