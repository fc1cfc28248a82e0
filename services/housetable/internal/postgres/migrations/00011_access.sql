-- Who may do what, and who owns what.

-- +goose Up
ALTER TABLE house_table ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE soft_deleted_table ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT '';
-- What is granted on a house table and what somebody owns is looked for in all
-- namespaces of a warehouse.
CREATE INDEX house_table_uuid ON house_table (warehouse_id, uuid);
CREATE INDEX house_table_owner ON house_table (warehouse_id, owner, database_key, table_key) WHERE owner <> '';
CREATE INDEX soft_deleted_table_uuid ON soft_deleted_table (warehouse_id, uuid);

-- How many changes of grants a warehouse has seen; the server's own part has the
-- warehouse ''. Whoever changes one holds this row until the commit, so versions
-- become visible in their order, and a reader that has come to one misses nothing
-- before it. Tombstones up to forgotten are not all there any more.
CREATE TABLE access_head (
    warehouse_id text COLLATE "C" NOT NULL PRIMARY KEY,
    of_warehouse text COLLATE "C" GENERATED ALWAYS AS (nullif(warehouse_id, '')) STORED REFERENCES warehouse ON DELETE CASCADE,
    version      bigint NOT NULL,
    forgotten    bigint NOT NULL DEFAULT 0
);
CREATE INDEX access_head_of_warehouse ON access_head (of_warehouse) WHERE of_warehouse IS NOT NULL;

CREATE TABLE access_role (
    warehouse_id text COLLATE "C" NOT NULL DEFAULT '' CHECK (warehouse_id = ''),
    role         text COLLATE "C" NOT NULL UNIQUE,
    description  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, role)
);

-- object_id is the key of a namespace, the uuid of a house table, the name of a
-- role, or ''. A grant that was revoked stays for a while as a tombstone; one
-- without a grantee means that the object was dropped with all its grants. What
-- is granted on a namespace or a role, or to a role, refers to it: so nothing
-- that is granted while it is dropped is left for the next of that name.
CREATE TABLE access_grant (
    warehouse_id text COLLATE "C" NOT NULL REFERENCES access_head ON DELETE CASCADE,
    object_kind  text COLLATE "C" NOT NULL,
    object_id    text COLLATE "C" NOT NULL,
    grantee      text COLLATE "C" NOT NULL,
    privilege    text COLLATE "C" NOT NULL,
    version      bigint NOT NULL,
    revoked      boolean NOT NULL,
    granted_by   text NOT NULL,
    granted_at   timestamptz NOT NULL DEFAULT now(),
    database_key text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN object_kind = 'namespace' AND NOT revoked THEN object_id END) STORED,
    object_role  text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN object_kind = 'role' AND NOT revoked THEN object_id END) STORED
        REFERENCES access_role (role) ON DELETE CASCADE,
    grantee_role text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN starts_with(grantee, 'role:') AND NOT revoked THEN substr(grantee, 6) END) STORED
        REFERENCES access_role (role),
    PRIMARY KEY (warehouse_id, object_kind, object_id, grantee, privilege),
    FOREIGN KEY (warehouse_id, database_key) REFERENCES namespace ON DELETE CASCADE
);
CREATE UNIQUE INDEX access_grant_version ON access_grant (warehouse_id, version);
CREATE INDEX access_grant_of_namespace ON access_grant (warehouse_id, database_key) WHERE database_key IS NOT NULL;
CREATE INDEX access_grant_on_role ON access_grant (object_role) WHERE object_role IS NOT NULL;
CREATE INDEX access_grant_to_role ON access_grant (grantee_role) WHERE grantee_role IS NOT NULL;
CREATE INDEX access_grant_to ON access_grant (warehouse_id, grantee, object_kind, object_id, privilege) WHERE NOT revoked;
CREATE INDEX access_grant_revoked ON access_grant (granted_at) WHERE revoked;

-- What a grant or a revocation was of.
ALTER TABLE change_event ADD COLUMN object_kind text, ADD COLUMN grantee text, ADD COLUMN privilege text;
