-- What accounts do, counted in portions of time, and the buckets by which requests are let through. Nothing here is a proof;
-- what a rule made of it is a record.

-- +goose Up
CREATE TABLE tally (
    owner   TEXT NOT NULL, -- pseudonym of an account or of somebody depicted
    counter TEXT NOT NULL,
    bucket  BIGINT NOT NULL, -- when the portion begins
    value   BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (owner, counter, bucket)
);
CREATE INDEX tally_at ON tally (at);

CREATE TABLE tally_member (
    owner   TEXT NOT NULL,
    counter TEXT NOT NULL,
    member  TEXT NOT NULL, -- an identifier or a pseudonym, counted once
    at      BIGINT NOT NULL,
    PRIMARY KEY (owner, counter, member)
);
CREATE INDEX tally_member_at ON tally_member (at);
CREATE INDEX tally_member_member ON tally_member (member);

CREATE TABLE quota (
    name    TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    empty   BIGINT NOT NULL -- when the bucket is empty again, in nanoseconds since 1970
);
CREATE INDEX quota_subject ON quota (subject);
CREATE INDEX quota_empty ON quota (empty);

-- +goose Down
DROP TABLE quota;
DROP TABLE tally_member;
DROP TABLE tally;
