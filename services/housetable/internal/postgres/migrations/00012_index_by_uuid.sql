-- Partial, although every row is in them, so that no planner without statistics
-- takes one for a look-up by name, for which it would read a whole warehouse.

-- +goose Up
DROP INDEX house_table_uuid;
CREATE INDEX house_table_uuid ON house_table (warehouse_id, uuid) WHERE uuid IS NOT NULL;
DROP INDEX soft_deleted_table_uuid;
CREATE INDEX soft_deleted_table_uuid ON soft_deleted_table (warehouse_id, uuid) WHERE uuid IS NOT NULL;
