-- The whole state of the service. Every primary key begins with the warehouse,
-- and no transaction leaves its warehouse. *_key columns hold the id as it is
-- compared: as typed, or folded where the warehouse is case-insensitive. They
-- sort by bytes, so that lists page alike everywhere.

-- +goose Up
CREATE TABLE warehouse (
    warehouse_id     text COLLATE "C" NOT NULL PRIMARY KEY,
    location         text NOT NULL,
    properties       jsonb NOT NULL,
    case_insensitive boolean NOT NULL,
    version          bigint NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE namespace (
    warehouse_id text COLLATE "C" NOT NULL REFERENCES warehouse,
    database_key text COLLATE "C" NOT NULL,
    parent_key   text COLLATE "C",
    database_id  text NOT NULL,
    properties   jsonb NOT NULL,
    version      bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, database_key),
    FOREIGN KEY (warehouse_id, parent_key) REFERENCES namespace
);
-- For lists; partial for the reason given below.
CREATE INDEX namespace_child ON namespace (warehouse_id, parent_key, database_key) WHERE parent_key IS NOT NULL;
CREATE INDEX namespace_top ON namespace (warehouse_id, database_key) WHERE parent_key IS NULL;

-- family 0 names tables and views, family 1 functions. Rows are updated in
-- place over and over: the spare room keeps the updates within their page.
CREATE TABLE house_table (
    warehouse_id      text COLLATE "C" NOT NULL,
    database_key      text COLLATE "C" NOT NULL,
    family            smallint NOT NULL,
    table_key         text COLLATE "C" NOT NULL,
    database_id       text NOT NULL,
    table_id          text NOT NULL,
    kind              smallint NOT NULL,
    uuid              uuid NOT NULL,
    version           bigint NOT NULL,
    metadata_location text NOT NULL,
    storage_type      text NOT NULL,
    creation_time_ms  bigint,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, database_key, family, table_key),
    FOREIGN KEY (warehouse_id, database_key) REFERENCES namespace
) WITH (fillfactor = 70);
-- For lists. Partial, so that no planner without statistics takes one of them
-- for a point read: with the kind in the middle of one index it would read a
-- whole namespace to find one table.
CREATE INDEX house_table_tables ON house_table (warehouse_id, database_key, table_key) WHERE kind = 1;
CREATE INDEX house_table_views ON house_table (warehouse_id, database_key, table_key) WHERE kind = 2;

-- A generation outlives its namespace: restoring it needs the namespace again.
CREATE TABLE soft_deleted_table (
    warehouse_id      text COLLATE "C" NOT NULL REFERENCES warehouse ON DELETE CASCADE,
    database_key      text COLLATE "C" NOT NULL,
    family            smallint NOT NULL,
    table_key         text COLLATE "C" NOT NULL,
    deleted_at_ms     bigint NOT NULL,
    purge_after_ms    bigint NOT NULL,
    database_id       text NOT NULL,
    table_id          text NOT NULL,
    kind              smallint NOT NULL,
    uuid              uuid NOT NULL,
    version           bigint NOT NULL,
    metadata_location text NOT NULL,
    storage_type      text NOT NULL,
    creation_time_ms  bigint,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (warehouse_id, database_key, family, table_key, deleted_at_ms)
);

-- One row for every request that was answered: the arbiter of replays. Ids sort
-- by time as a rule, so old records can be dropped a partition at a time.
CREATE TABLE operation (
    warehouse_id text COLLATE "C" NOT NULL,
    op_id        uuid NOT NULL,
    fingerprint  bytea NOT NULL,
    kind         text NOT NULL,
    status       integer NOT NULL,
    locations    text NOT NULL, -- a JSON array
    body         bytea NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, op_id)
) PARTITION BY RANGE (op_id);
CREATE TABLE operation_default PARTITION OF operation DEFAULT;

-- Every change ever made: history and outbox are two readings of it. Changes of
-- namespaces have kind 0 and no uuid. txid gives a reader of the outbox a
-- horizon below which no position can appear any more.
CREATE TABLE change_event (
    warehouse_id               text COLLATE "C" NOT NULL,
    position                   bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    txid                       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    table_uuid                 uuid,
    version                    bigint NOT NULL,
    action                     text NOT NULL,
    kind                       smallint NOT NULL,
    database_id                text NOT NULL,
    table_id                   text NOT NULL,
    previous_database_id       text,
    previous_table_id          text,
    metadata_location          text NOT NULL,
    previous_metadata_location text,
    committed_at               timestamptz NOT NULL DEFAULT now(),
    op_id                      uuid NOT NULL,
    principal                  text NOT NULL,
    request_id                 text NOT NULL,
    PRIMARY KEY (warehouse_id, position)
);
CREATE UNIQUE INDEX change_event_version ON change_event (warehouse_id, table_uuid, version)
    WHERE table_uuid IS NOT NULL;

CREATE TABLE job (
    warehouse_id        text COLLATE "C" NOT NULL REFERENCES warehouse,
    job_id              text COLLATE "C" NOT NULL,
    version             bigint NOT NULL,
    state               text,
    job_name            text,
    cluster_id          text,
    creation_time_ms    bigint,
    start_time_ms       bigint,
    finish_time_ms      bigint,
    last_update_time_ms bigint,
    job_conf            text,
    heartbeat_time_ms   bigint,
    execution_id        text,
    engine_type         text,
    retention_time_sec  bigint,
    PRIMARY KEY (warehouse_id, job_id)
);
CREATE INDEX job_in_state ON job (warehouse_id, state, job_id);

INSERT INTO warehouse (warehouse_id, location, properties, case_insensitive, version)
VALUES ('default', '', '{}', false, 1);
