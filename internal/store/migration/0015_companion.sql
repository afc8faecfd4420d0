-- How people used services that keep company: what the reminders and the hours of minors are counted by. Nothing here is a
-- proof.

-- +goose Up
CREATE TABLE companion_use (
    subject TEXT PRIMARY KEY, -- pseudonym of the account
    began   BIGINT NOT NULL, -- of the use without a break, in milliseconds since 1970
    last    BIGINT NOT NULL,
    told    BIGINT NOT NULL, -- the last reminder
    day     TEXT NOT NULL,   -- 2026-11-22
    spent   BIGINT NOT NULL  -- on that day, in milliseconds
);
CREATE INDEX companion_use_last ON companion_use (last);

CREATE TABLE companion_thread (
    subject TEXT NOT NULL,
    thread  TEXT NOT NULL, -- digest of the conversation's name
    began   BIGINT NOT NULL,
    ended   BIGINT NOT NULL, -- 0 while it was not
    at      BIGINT NOT NULL,
    PRIMARY KEY (subject, thread)
);
CREATE INDEX companion_thread_at ON companion_thread (at);

-- +goose Down
DROP TABLE companion_thread;
DROP TABLE companion_use;
