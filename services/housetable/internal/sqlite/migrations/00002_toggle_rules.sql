-- For which tables features are on. The rules of one feature are read together.

-- +goose Up
CREATE TABLE toggle_rule (
    warehouse_id     TEXT    NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    feature_id       TEXT    NOT NULL,
    database_pattern TEXT    NOT NULL,
    table_pattern    TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, feature_id, database_pattern, table_pattern)
) STRICT, WITHOUT ROWID;
