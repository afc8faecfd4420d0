-- Judgements in which a check could not tell: few, and an alarm, so they are found without reading all others.

-- +goose Up
CREATE INDEX judgement_untold ON judgement (at, id) WHERE verdict = 0;

-- +goose Down
DROP INDEX judgement_untold;
