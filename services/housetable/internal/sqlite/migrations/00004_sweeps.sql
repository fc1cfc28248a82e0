-- What keeps tables from growing for ever, and what finds jobs by any field.

-- +goose Up
-- The service's own time of the last put or move: the times beside it are
-- whatever clients wrote.
ALTER TABLE job ADD COLUMN changed_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE job SET changed_at_ms = CAST(unixepoch('subsec') * 1000 AS INTEGER);
CREATE INDEX job_finished ON job (changed_at_ms) WHERE state IN ('SUCCEEDED', 'FAILED', 'CANCELLED');

-- Queries page in the order of ids within one value of a field.
CREATE INDEX job_by_version ON job (warehouse_id, version, job_id);
CREATE INDEX job_by_job_name ON job (warehouse_id, job_name, job_id);
CREATE INDEX job_by_cluster_id ON job (warehouse_id, cluster_id, job_id);
CREATE INDEX job_by_creation_time_ms ON job (warehouse_id, creation_time_ms, job_id);
CREATE INDEX job_by_start_time_ms ON job (warehouse_id, start_time_ms, job_id);
CREATE INDEX job_by_finish_time_ms ON job (warehouse_id, finish_time_ms, job_id);
CREATE INDEX job_by_last_update_time_ms ON job (warehouse_id, last_update_time_ms, job_id);
CREATE INDEX job_by_heartbeat_time_ms ON job (warehouse_id, heartbeat_time_ms, job_id);
CREATE INDEX job_by_execution_id ON job (warehouse_id, execution_id, job_id);
CREATE INDEX job_by_engine_type ON job (warehouse_id, engine_type, job_id);
CREATE INDEX job_by_retention_time_sec ON job (warehouse_id, retention_time_sec, job_id);
CREATE INDEX job_by_job_conf ON job (warehouse_id, job_conf, job_id);

CREATE INDEX soft_deleted_table_due ON soft_deleted_table (purge_after_ms);
CREATE INDEX operation_recorded ON operation (recorded_at);
