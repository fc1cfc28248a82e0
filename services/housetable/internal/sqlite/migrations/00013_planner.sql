-- What the planner is to think a warehouse holds, instead of ten rows of each:
-- to it a scan of a whole warehouse looked cheaper than a probe of the index
-- that names the table.

-- +goose Up
ANALYZE epoch; -- makes sqlite_stat1
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('table_hold', 'table_hold', '1000000 1000000 1'),
    ('table_hold', 'table_hold_of_table', '1000000 1000000 2'),
    ('table_hold', 'table_hold_of_job', '1000 1000 1'),
    ('namespace', 'namespace', '1000000 1000000 1'),
    ('namespace', 'namespace_child', '1000000 1000000 100 1'),
    ('access_grant', 'access_grant', '1000000 1000000 1000 10 2 1'),
    ('access_grant', 'access_grant_version', '1000000 1000000 1'),
    ('access_grant', 'access_grant_to', '1000000 1000000 100 100 1 1'),
    ('access_grant', 'access_grant_of_namespace', '1000000 1000000 10'),
    ('access_grant', 'access_grant_on_role', '1000 10'),
    ('access_grant', 'access_grant_to_role', '1000 10'),
    ('access_grant', 'access_grant_revoked', '1000 10');
ANALYZE sqlite_schema; -- reads it
