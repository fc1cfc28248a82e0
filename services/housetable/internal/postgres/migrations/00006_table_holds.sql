-- What no two house tables of a warehouse share: see hold.go. A location is a
-- path; each folder above one that is held has a row too, without a house table,
-- and refers to the folder above it. So a rival that takes a location above, below
-- or beside meets a key: one that is there already, or one that is not a folder.

-- +goose Up
CREATE TABLE table_hold (
    warehouse_id  text COLLATE "C" NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    hold          text COLLATE "C" NOT NULL,
    parent        text COLLATE "C",
    table_uuid    uuid, -- NULL in folders
    folder        boolean NOT NULL GENERATED ALWAYS AS (table_uuid IS NULL) STORED,
    parent_folder boolean NOT NULL DEFAULT true CHECK (parent_folder),
    PRIMARY KEY (warehouse_id, hold),
    UNIQUE (warehouse_id, hold, folder),
    FOREIGN KEY (warehouse_id, parent, parent_folder) REFERENCES table_hold (warehouse_id, hold, folder)
);
CREATE INDEX table_hold_child ON table_hold (warehouse_id, parent) WHERE parent IS NOT NULL;
CREATE INDEX table_hold_of_table ON table_hold (warehouse_id, table_uuid) WHERE table_uuid IS NOT NULL;
CREATE INDEX table_hold_folder ON table_hold (warehouse_id, hold) WHERE folder;
