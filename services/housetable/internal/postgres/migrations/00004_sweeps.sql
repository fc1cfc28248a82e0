-- What keeps tables from growing for ever, and what finds jobs by any field.

-- +goose Up
-- The service's own time of the last put or move: the times beside it are
-- whatever clients wrote.
ALTER TABLE job ADD COLUMN changed_at_ms bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;
CREATE INDEX job_finished ON job (changed_at_ms) WHERE state IN ('SUCCEEDED', 'FAILED', 'CANCELLED');

-- Queries page in the order of ids within one value of a field. Jobs change a
-- few times in their lives, so the many indexes cost little.
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
-- Configurations are too long for an index.
CREATE INDEX job_by_job_conf ON job (warehouse_id, md5(job_conf), job_id);

CREATE INDEX soft_deleted_table_due ON soft_deleted_table (purge_after_ms);

-- Operations whose ids begin with a time, as those of UUIDs of version 7 do,
-- lie in partitions of a few hours, which the service makes ahead and drops
-- whole. Ids from the year 2100 on are no times: nearly all random ones. They
-- have a partition of their own, so that the default one, which is locked and
-- read whenever a partition is made, has little in it: ids of no partition that
-- is there.
LOCK TABLE operation_default IN ACCESS EXCLUSIVE MODE;
CREATE TABLE operation_untimed (LIKE operation INCLUDING ALL);
WITH moved AS (DELETE FROM operation_default WHERE op_id >= '03bb2cc3-d800-0000-0000-000000000000' RETURNING *)
INSERT INTO operation_untimed SELECT * FROM moved;
ALTER TABLE operation ATTACH PARTITION operation_untimed FOR VALUES FROM ('03bb2cc3-d800-0000-0000-000000000000') TO (MAXVALUE);
CREATE INDEX operation_untimed_recorded ON operation_untimed (recorded_at);
CREATE INDEX operation_default_recorded ON operation_default (recorded_at);
