-- Answers that are being handed over in pieces. A row is there from before the first byte until the record of the end; one
-- that nobody marks any more is a stream whose node died.

-- +goose Up
CREATE TABLE stream (
    number    TEXT PRIMARY KEY, -- content number
    subject   TEXT NOT NULL,    -- pseudonym of the account
    opened    BIGINT NOT NULL,
    marked    BIGINT NOT NULL,  -- when its node last gave a sign of it
    delivered BIGINT NOT NULL,  -- bytes of text that had been handed over then
    mark      TEXT NOT NULL     -- identifier of the record that says so; empty for none
);
CREATE INDEX stream_marked ON stream (marked);
CREATE INDEX stream_subject ON stream (subject);

-- +goose Down
DROP TABLE stream;
