-- The outbox: who reads it, and how far back it goes.

-- +goose Up
-- deleted_at_ms names the generation that a soft delete made, or a purge forgot.
ALTER TABLE change_event ADD COLUMN deleted_at_ms INTEGER;
UPDATE change_event SET deleted_at_ms = d.deleted_at_ms FROM soft_deleted_table d
WHERE change_event.warehouse_id = d.warehouse_id AND change_event.table_uuid = d.uuid AND change_event.version = d.version;
CREATE INDEX change_event_outbox ON change_event (warehouse_id, position);

-- What each consumer has dealt with.
CREATE TABLE event_consumer (
    warehouse_id    TEXT    NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    consumer        TEXT    NOT NULL,
    position        INTEGER NOT NULL,
    fingerprint     INTEGER NOT NULL,
    acknowledged_at INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, consumer)
) STRICT, WITHOUT ROWID;

-- How far sweeps got. Above forgotten, which is the last position that was
-- deleted, every event is there. It stays when its warehouse goes.
CREATE TABLE event_retention (
    warehouse_id TEXT    NOT NULL PRIMARY KEY,
    forgotten    INTEGER NOT NULL DEFAULT 0,
    by_count     INTEGER NOT NULL DEFAULT 0,
    by_age       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
