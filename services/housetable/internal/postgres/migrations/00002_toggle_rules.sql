-- For which tables features are on. The rules of one feature are read together.

-- +goose Up
CREATE TABLE toggle_rule (
    warehouse_id     text COLLATE "C" NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    feature_id       text COLLATE "C" NOT NULL,
    database_pattern text COLLATE "C" NOT NULL,
    table_pattern    text COLLATE "C" NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, feature_id, database_pattern, table_pattern)
);
