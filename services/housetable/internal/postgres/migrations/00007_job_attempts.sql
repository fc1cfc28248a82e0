-- Jobs that outlive their workers: one whose lease runs out is queued again, as
-- often as it may be claimed.

-- +goose Up
ALTER TABLE job ADD COLUMN attempts bigint NOT NULL DEFAULT 0, ADD COLUMN attempts_allowed bigint NOT NULL DEFAULT 1,
    ADD COLUMN not_before_ms bigint NOT NULL DEFAULT 0;
CREATE INDEX job_queued_for_engine ON job (warehouse_id, engine_type, creation_time_ms NULLS FIRST, job_id) WHERE state = 'QUEUED';
