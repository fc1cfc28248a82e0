-- The outbox: who reads it, and how far back it goes.

-- +goose Up
-- Readers go by position alone: see outbox.go for what keeps them from passing
-- over a transaction that is still on its way. deleted_at_ms names the
-- generation that a soft delete made, or a purge forgot.
ALTER TABLE change_event DROP COLUMN txid, ADD COLUMN deleted_at_ms bigint;
UPDATE change_event e SET deleted_at_ms = d.deleted_at_ms FROM soft_deleted_table d
WHERE e.warehouse_id = d.warehouse_id AND e.table_uuid = d.uuid AND e.version = d.version;

-- What each consumer has dealt with.
CREATE TABLE event_consumer (
    warehouse_id    text COLLATE "C" NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    consumer        text COLLATE "C" NOT NULL,
    position        bigint NOT NULL,
    fingerprint     bigint NOT NULL,
    acknowledged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, consumer)
);

-- How far sweeps got. Above forgotten, which is the last position that was
-- deleted, every event is there. It stays when its warehouse goes.
CREATE TABLE event_retention (
    warehouse_id text COLLATE "C" NOT NULL PRIMARY KEY,
    forgotten    bigint NOT NULL DEFAULT 0,
    by_count     bigint NOT NULL DEFAULT 0,
    by_age       bigint NOT NULL DEFAULT 0
);
