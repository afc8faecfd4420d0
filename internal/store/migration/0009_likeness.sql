-- What a search for likeness follows: when the likeness of an item was filled in or erased, and why an item has none.

-- +goose Up
ALTER TABLE artefact ADD COLUMN unlikened TEXT NOT NULL DEFAULT ''; -- code; empty when there is a likeness or nobody made one
ALTER TABLE artefact ADD COLUMN likened BIGINT; -- sequence of the record that changed the likeness last
ALTER TABLE artefact ADD COLUMN likened_before BIGINT; -- what stood there before that
CREATE UNIQUE INDEX artefact_likened ON artefact (likened) WHERE likened IS NOT NULL;

-- +goose Down
DROP INDEX artefact_likened;
ALTER TABLE artefact DROP COLUMN likened_before;
ALTER TABLE artefact DROP COLUMN likened;
ALTER TABLE artefact DROP COLUMN unlikened;
