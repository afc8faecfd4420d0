-- What waits for a person, and duties to report. Times are milliseconds since 1970; 0 stands for not yet.

-- +goose Up
CREATE TABLE held_item (
    id         TEXT PRIMARY KEY,
    judgement  TEXT NOT NULL UNIQUE,
    state      TEXT NOT NULL,
    stage      TEXT NOT NULL,
    queue      TEXT NOT NULL,
    priority   BIGINT NOT NULL,
    deadline   BIGINT NOT NULL,
    subject    TEXT NOT NULL,
    surface    TEXT NOT NULL,
    function   TEXT NOT NULL,
    about      TEXT NOT NULL,
    why        TEXT NOT NULL, -- JSON: rule identifiers and offsets, never the content
    categories TEXT NOT NULL, -- separated by spaces, with one before and one after
    reviewer   TEXT NOT NULL, -- empty when nobody has it
    lease      BIGINT NOT NULL,
    seen       BIGINT NOT NULL, -- 0 or 1
    opinions   TEXT NOT NULL, -- JSON
    hands      TEXT NOT NULL, -- who gave an opinion, separated by spaces, with one before and one after
    outcome    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    measure    TEXT NOT NULL,
    overturned BIGINT NOT NULL, -- 0 or 1
    created    BIGINT NOT NULL,
    decided    BIGINT NOT NULL,
    acted      BIGINT NOT NULL,
    ends       BIGINT NOT NULL, -- when the content goes; 1 once the subject was erased, 0 again once it went
    key_id     TEXT NOT NULL,
    sealed     BYTEA, -- the content; null once it ended or its subject was erased
    blob       TEXT NOT NULL, -- empty when there is none
    version    BIGINT NOT NULL
);
CREATE INDEX held_item_open ON held_item (priority DESC, deadline, id) WHERE decided = 0;
CREATE INDEX held_item_deadline ON held_item (deadline) WHERE decided = 0;
CREATE INDEX held_item_unacted ON held_item (id) WHERE decided > 0 AND acted = 0;
CREATE INDEX held_item_decided ON held_item (decided) WHERE decided > 0;
CREATE INDEX held_item_ends ON held_item (ends) WHERE ends > 0;
CREATE INDEX held_item_blob ON held_item (blob) WHERE blob <> '';
CREATE INDEX held_item_subject ON held_item (subject);
CREATE INDEX held_item_about ON held_item (about) WHERE about <> '';

CREATE TABLE report_duty (
    id         TEXT PRIMARY KEY,
    judgement  TEXT NOT NULL UNIQUE,
    state      TEXT NOT NULL,
    categories TEXT NOT NULL, -- separated by spaces
    subject    TEXT NOT NULL,
    opened     BIGINT NOT NULL,
    due        BIGINT NOT NULL,
    channel    TEXT NOT NULL, -- empty until it is filed, as the next three
    reference  TEXT NOT NULL,
    filed      BIGINT NOT NULL,
    attachment BYTEA, -- SHA-256
    reason     TEXT NOT NULL, -- empty unless it was dismissed
    closed_by  TEXT NOT NULL,
    closed     BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX report_duty_open ON report_duty (due) WHERE state = 'open';

-- +goose Down
DROP TABLE report_duty;
DROP TABLE held_item;
