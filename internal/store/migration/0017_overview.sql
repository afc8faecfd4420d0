-- What the overview counts over a period, each from an index alone.

-- +goose Up
CREATE INDEX artefact_overview ON artefact (created, state, function, format);
CREATE INDEX judgement_overview ON judgement (at, action, verdict, surface);
CREATE INDEX judgement_category_at ON judgement_category (at, category);

-- +goose Down
DROP INDEX judgement_category_at;
DROP INDEX judgement_overview;
DROP INDEX artefact_overview;
