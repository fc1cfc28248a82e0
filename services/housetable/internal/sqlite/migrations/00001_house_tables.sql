-- The whole state of the service. Every primary key begins with the warehouse.
-- *_key columns hold the id as it is compared: as typed, or folded where the
-- warehouse is case-insensitive. Times are microseconds since the epoch.

-- +goose Up
CREATE TABLE warehouse (
    warehouse_id     TEXT    NOT NULL PRIMARY KEY,
    location         TEXT    NOT NULL,
    properties       TEXT    NOT NULL,
    case_insensitive INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE namespace (
    warehouse_id TEXT    NOT NULL REFERENCES warehouse,
    database_key TEXT    NOT NULL,
    parent_key   TEXT,
    database_id  TEXT    NOT NULL,
    properties   TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, database_key),
    FOREIGN KEY (warehouse_id, parent_key) REFERENCES namespace
) STRICT, WITHOUT ROWID;
CREATE INDEX namespace_child ON namespace (warehouse_id, parent_key, database_key);

-- family 0 names tables and views, family 1 functions.
CREATE TABLE house_table (
    warehouse_id      TEXT    NOT NULL,
    database_key      TEXT    NOT NULL,
    family            INTEGER NOT NULL,
    table_key         TEXT    NOT NULL,
    database_id       TEXT    NOT NULL,
    table_id          TEXT    NOT NULL,
    kind              INTEGER NOT NULL,
    uuid              BLOB    NOT NULL,
    version           INTEGER NOT NULL,
    metadata_location TEXT    NOT NULL,
    storage_type      TEXT    NOT NULL,
    creation_time_ms  INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, database_key, family, table_key),
    FOREIGN KEY (warehouse_id, database_key) REFERENCES namespace
) STRICT, WITHOUT ROWID;
CREATE INDEX house_table_of_kind ON house_table (warehouse_id, database_key, kind, table_key);

-- A generation outlives its namespace: restoring it needs the namespace again.
CREATE TABLE soft_deleted_table (
    warehouse_id      TEXT    NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    database_key      TEXT    NOT NULL,
    family            INTEGER NOT NULL,
    table_key         TEXT    NOT NULL,
    deleted_at_ms     INTEGER NOT NULL,
    purge_after_ms    INTEGER NOT NULL,
    database_id       TEXT    NOT NULL,
    table_id          TEXT    NOT NULL,
    kind              INTEGER NOT NULL,
    uuid              BLOB    NOT NULL,
    version           INTEGER NOT NULL,
    metadata_location TEXT    NOT NULL,
    storage_type      TEXT    NOT NULL,
    creation_time_ms  INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, database_key, family, table_key, deleted_at_ms)
) STRICT, WITHOUT ROWID;

-- One row for every request that was answered: the arbiter of replays.
CREATE TABLE operation (
    warehouse_id TEXT    NOT NULL,
    op_id        BLOB    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    status       INTEGER NOT NULL,
    locations    TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    recorded_at  INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, op_id)
) STRICT, WITHOUT ROWID;

-- Every change ever made, in order: history and outbox are two readings of it.
-- Changes of namespaces have kind 0 and no uuid.
CREATE TABLE change_event (
    position                   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    warehouse_id               TEXT    NOT NULL,
    table_uuid                 BLOB,
    version                    INTEGER NOT NULL,
    action                     TEXT    NOT NULL,
    kind                       INTEGER NOT NULL,
    database_id                TEXT    NOT NULL,
    table_id                   TEXT    NOT NULL,
    previous_database_id       TEXT,
    previous_table_id          TEXT,
    metadata_location          TEXT    NOT NULL,
    previous_metadata_location TEXT,
    committed_at               INTEGER NOT NULL,
    op_id                      BLOB    NOT NULL,
    principal                  TEXT    NOT NULL,
    request_id                 TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX change_event_version ON change_event (warehouse_id, table_uuid, version)
    WHERE table_uuid IS NOT NULL;

CREATE TABLE job (
    warehouse_id        TEXT    NOT NULL REFERENCES warehouse,
    job_id              TEXT    NOT NULL,
    version             INTEGER NOT NULL,
    state               TEXT,
    job_name            TEXT,
    cluster_id          TEXT,
    creation_time_ms    INTEGER,
    start_time_ms       INTEGER,
    finish_time_ms      INTEGER,
    last_update_time_ms INTEGER,
    job_conf            TEXT,
    heartbeat_time_ms   INTEGER,
    execution_id        TEXT,
    engine_type         TEXT,
    retention_time_sec  INTEGER,
    PRIMARY KEY (warehouse_id, job_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_in_state ON job (warehouse_id, state, job_id);

-- One row: this database's line of history.
CREATE TABLE epoch (epoch TEXT NOT NULL) STRICT;

INSERT INTO warehouse VALUES ('default', '', '{}', 0, 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER));
INSERT INTO epoch VALUES (lower(hex(randomblob(16))));
