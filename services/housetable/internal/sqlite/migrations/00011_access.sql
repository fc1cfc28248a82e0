-- Who may do what, and who owns what: see the Postgres store's for why.

-- +goose Up
ALTER TABLE house_table ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE soft_deleted_table ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX house_table_uuid ON house_table (warehouse_id, uuid);
CREATE INDEX house_table_owner ON house_table (warehouse_id, owner, database_key, table_key) WHERE owner <> '';
CREATE INDEX soft_deleted_table_uuid ON soft_deleted_table (warehouse_id, uuid);

CREATE TABLE access_head (
    warehouse_id TEXT    NOT NULL PRIMARY KEY,
    of_warehouse TEXT    GENERATED ALWAYS AS (nullif(warehouse_id, '')) STORED REFERENCES warehouse ON DELETE CASCADE,
    version      INTEGER NOT NULL,
    forgotten    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX access_head_of_warehouse ON access_head (of_warehouse);

CREATE TABLE access_role (
    warehouse_id TEXT    NOT NULL DEFAULT '' CHECK (warehouse_id = ''),
    role         TEXT    NOT NULL UNIQUE,
    description  TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_grant (
    warehouse_id TEXT    NOT NULL REFERENCES access_head ON DELETE CASCADE,
    object_kind  TEXT    NOT NULL,
    object_id    TEXT    NOT NULL,
    grantee      TEXT    NOT NULL,
    privilege    TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    revoked      INTEGER NOT NULL,
    granted_by   TEXT    NOT NULL,
    granted_at   INTEGER NOT NULL,
    database_key TEXT    GENERATED ALWAYS AS (CASE WHEN object_kind = 'namespace' AND NOT revoked THEN object_id END) STORED,
    object_role  TEXT    GENERATED ALWAYS AS (CASE WHEN object_kind = 'role' AND NOT revoked THEN object_id END) STORED
        REFERENCES access_role (role) ON DELETE CASCADE,
    grantee_role TEXT    GENERATED ALWAYS AS (CASE WHEN substr(grantee, 1, 5) = 'role:' AND NOT revoked THEN substr(grantee, 6) END) STORED
        REFERENCES access_role (role),
    PRIMARY KEY (warehouse_id, object_kind, object_id, grantee, privilege),
    FOREIGN KEY (warehouse_id, database_key) REFERENCES namespace ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX access_grant_version ON access_grant (warehouse_id, version);
CREATE INDEX access_grant_of_namespace ON access_grant (warehouse_id, database_key) WHERE database_key IS NOT NULL;
CREATE INDEX access_grant_on_role ON access_grant (object_role) WHERE object_role IS NOT NULL;
CREATE INDEX access_grant_to_role ON access_grant (grantee_role) WHERE grantee_role IS NOT NULL;
CREATE INDEX access_grant_to ON access_grant (warehouse_id, grantee, object_kind, object_id, privilege) WHERE NOT revoked;
CREATE INDEX access_grant_revoked ON access_grant (granted_at) WHERE revoked;

ALTER TABLE change_event ADD COLUMN object_kind TEXT;
ALTER TABLE change_event ADD COLUMN grantee TEXT;
ALTER TABLE change_event ADD COLUMN privilege TEXT;
