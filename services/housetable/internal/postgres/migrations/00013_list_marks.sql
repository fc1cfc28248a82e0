-- What tells whether a list is still right: see mark.go. Events of before have no
-- transaction, as no list was marked then. Partial, so that no change but those of
-- what is listed pays for it.

-- +goose Up
ALTER TABLE change_event ADD COLUMN txid xid8;
ALTER TABLE change_event ALTER COLUMN txid SET DEFAULT pg_current_xact_id();
CREATE INDEX change_event_listed ON change_event (warehouse_id, database_id, txid)
    WHERE txid IS NOT NULL AND action NOT IN ('swap', 'update', 'grant', 'revoke', 'purge');
CREATE INDEX change_event_left ON change_event (warehouse_id, previous_database_id, txid)
    WHERE txid IS NOT NULL AND previous_database_id IS NOT NULL;
