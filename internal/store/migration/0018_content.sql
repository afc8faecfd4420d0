-- By which model an item was made, and what a judgement was about, so that content is found by model and by finding. Items
-- that came in before have no model here; their marks name it.

-- +goose Up
ALTER TABLE artefact ADD COLUMN model TEXT NOT NULL DEFAULT '';
CREATE INDEX artefact_model ON artefact (model, created, number) WHERE model <> '';
ALTER TABLE judgement ADD COLUMN about TEXT NOT NULL DEFAULT ''; -- such as a content number
UPDATE judgement SET about = a.thing FROM record_about a JOIN record r ON r.seq = a.seq WHERE r.id = judgement.id;
CREATE INDEX judgement_about ON judgement (about, at, id) WHERE about <> '';

-- +goose Down
DROP INDEX judgement_about;
ALTER TABLE judgement DROP COLUMN about;
DROP INDEX artefact_model;
ALTER TABLE artefact DROP COLUMN model;
