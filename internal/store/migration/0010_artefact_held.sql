-- By which judgement a person let an item pass that was held.

-- +goose Up
ALTER TABLE artefact_work ADD COLUMN cleared TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE artefact_work DROP COLUMN cleared;
