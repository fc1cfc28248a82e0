-- Jobs that outlive their workers: one whose lease runs out is queued again, as
-- often as it may be claimed.

-- +goose Up
ALTER TABLE job ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN attempts_allowed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE job ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX job_queued_for_engine ON job (warehouse_id, engine_type, creation_time_ms, job_id) WHERE state = 'QUEUED';
