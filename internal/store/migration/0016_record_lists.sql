-- Indexes by which people look through the records: by type, and what was done by somebody of the staff.

-- +goose Up
CREATE INDEX record_type ON record (type, seq);
CREATE INDEX record_staff ON record (seq) WHERE role NOT IN ('application', 'system');

-- +goose Down
DROP INDEX record_staff;
DROP INDEX record_type;
