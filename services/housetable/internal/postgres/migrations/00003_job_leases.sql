-- Jobs that workers take and keep alive. A job without a lease is never reaped.

-- +goose Up
ALTER TABLE job ADD COLUMN lease_seconds bigint, ADD COLUMN state_reason text;
CREATE INDEX job_queued ON job (warehouse_id, creation_time_ms NULLS FIRST, job_id) WHERE state = 'QUEUED';
CREATE INDEX job_leased ON job (warehouse_id, job_id) WHERE state = 'RUNNING' AND lease_seconds IS NOT NULL;
