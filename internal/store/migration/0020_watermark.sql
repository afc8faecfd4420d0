-- What the watermark of an item says, so that a copy that lost its label leads back to the item.

-- +goose Up
ALTER TABLE artefact ADD COLUMN watermark TEXT NOT NULL DEFAULT ''; -- hexadecimal; empty when it has none
CREATE INDEX artefact_watermark ON artefact (watermark) WHERE watermark <> '';

-- +goose Down
DROP INDEX artefact_watermark;
ALTER TABLE artefact DROP COLUMN watermark;
