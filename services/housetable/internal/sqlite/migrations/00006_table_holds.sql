-- What no two house tables of a warehouse share: see hold.go. A single writer
-- looks for what is above and below a location before it takes it.

-- +goose Up
CREATE TABLE table_hold (
    warehouse_id TEXT NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    hold         TEXT NOT NULL,
    table_uuid   BLOB NOT NULL,
    PRIMARY KEY (warehouse_id, hold)
) STRICT, WITHOUT ROWID;
CREATE INDEX table_hold_of_table ON table_hold (warehouse_id, table_uuid);
