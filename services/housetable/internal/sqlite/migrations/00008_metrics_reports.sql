-- What engines report of their scans and commits. Ids begin with the time, so
-- they sort the reports of a table. A report outlives its table and its
-- warehouse until its time has come.

-- +goose Up
CREATE TABLE metrics_report (
    warehouse_id TEXT    NOT NULL,
    table_uuid   BLOB    NOT NULL,
    report_id    BLOB    NOT NULL,
    database_id  TEXT    NOT NULL,
    table_id     TEXT    NOT NULL,
    report_type  TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    principal    TEXT    NOT NULL,
    request_id   TEXT    NOT NULL,
    recorded_at  INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, table_uuid, report_id)
) STRICT;
CREATE INDEX metrics_report_recorded ON metrics_report (recorded_at);
