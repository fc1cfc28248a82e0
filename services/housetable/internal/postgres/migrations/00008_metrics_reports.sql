-- What engines report of their scans and commits. Ids begin with the time, so
-- they sort the reports of a table. A report outlives its table and its
-- warehouse until its time has come.

-- +goose Up
CREATE TABLE metrics_report (
    warehouse_id text COLLATE "C" NOT NULL,
    table_uuid   uuid NOT NULL,
    report_id    uuid NOT NULL,
    database_id  text NOT NULL,
    table_id     text NOT NULL,
    report_type  text NOT NULL,
    body         text NOT NULL,
    principal    text NOT NULL,
    request_id   text NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (warehouse_id, table_uuid, report_id)
);
CREATE INDEX metrics_report_recorded ON metrics_report (recorded_at);
