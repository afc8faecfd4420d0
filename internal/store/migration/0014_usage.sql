-- What accounts used of the models behind the gateway, by day. Nothing here is a proof; what happened with one call is a
-- record.

-- +goose Up
CREATE TABLE gateway_usage (
    day      TEXT NOT NULL, -- 2026-11-22, in UTC
    subject  TEXT NOT NULL, -- pseudonym of the account
    model    TEXT NOT NULL,
    requests BIGINT NOT NULL,
    blocked  BIGINT NOT NULL,
    input    BIGINT NOT NULL,
    output   BIGINT NOT NULL,
    PRIMARY KEY (day, subject, model)
);
CREATE INDEX gateway_usage_subject ON gateway_usage (subject, day);

-- +goose Down
DROP TABLE gateway_usage;
