-- What tells whether a list is still right: see mark.go.

-- +goose Up
CREATE INDEX change_event_listed ON change_event (warehouse_id, database_id, position)
    WHERE action NOT IN ('swap', 'update', 'grant', 'revoke', 'purge');
CREATE INDEX change_event_left ON change_event (warehouse_id, previous_database_id, position)
    WHERE previous_database_id IS NOT NULL;
