-- What a job holds while it runs, and the jobs that a house table makes needless.

-- +goose Up
ALTER TABLE table_hold ADD COLUMN job_id TEXT;
ALTER TABLE table_hold ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0;
CREATE INDEX table_hold_of_job ON table_hold (warehouse_id, hold) WHERE job_id IS NOT NULL;
ALTER TABLE job ADD COLUMN metadata_uuid BLOB;
CREATE INDEX job_of_metadata ON job (warehouse_id, metadata_uuid) WHERE metadata_uuid IS NOT NULL;
