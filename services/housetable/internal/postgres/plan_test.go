package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// manyJobs are five thousand, of which five are alike in any field.
const manyJobs = `INSERT INTO job (warehouse_id, job_id, version, state, job_name, cluster_id, creation_time_ms, start_time_ms, finish_time_ms,
		last_update_time_ms, job_conf, heartbeat_time_ms, execution_id, engine_type, retention_time_sec, changed_at_ms)
	SELECT 'default', 'job-' || n, n % 1000, 'S' || n % 1000, 'N' || n % 1000, 'C' || n % 1000, n % 1000, n % 1000, n % 1000,
		n % 1000, '{"n":' || n % 1000 || '}', n % 1000, 'X' || n % 1000, 'E' || n % 1000, n % 1000, n
	FROM generate_series(1, 5000) n`

// plan is how the database runs a statement whatever its parameters are, of which
// there are so many as args.
func (s *Store) plan(t *testing.T, text string, args ...any) string {
	t.Helper()
	var lines []string
	err := s.pool.transact(t.Context(), func(tx pgx.Tx) error {
		unknown := strings.TrimSuffix(strings.Repeat("NULL, ", len(args)), ", ")
		if err := run(t.Context(), tx, "PREPARE planned AS "+text); err != nil {
			return err
		}
		explained, err := tx.Query(t.Context(), strings.Replace("EXPLAIN EXECUTE planned("+unknown+")", "()", "", 1))
		if err != nil {
			return err
		}
		if lines, err = pgx.CollectRows(explained, pgx.RowTo[string]); err != nil {
			return err
		}
		return run(t.Context(), tx, "DEALLOCATE planned")
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func (s *Store) mustExec(t *testing.T, text string) {
	t.Helper()
	err := s.pool.transact(t.Context(), func(tx pgx.Tx) error {
		return run(t.Context(), tx, "SET LOCAL statement_timeout = 0", text)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPlansOfJobQueries: a query by any field reads jobs of that value alone, in
// the order of ids, whether the database has statistics or not.
func TestPlansOfJobQueries(t *testing.T) {
	s := openStore(t)
	s.mustExec(t, manyJobs)
	text, number := new("7"), new(int64(7))
	queries := map[string]housetable.JobQuery{
		"job_in_state":               {JobFields: housetable.JobFields{State: text}},
		"job_pkey":                   {JobID: text},
		"job_by_version":             {Version: number},
		"job_by_job_name":            {JobFields: housetable.JobFields{JobName: text}},
		"job_by_cluster_id":          {JobFields: housetable.JobFields{ClusterID: text}},
		"job_by_creation_time_ms":    {JobFields: housetable.JobFields{CreationTimeMS: number}},
		"job_by_start_time_ms":       {JobFields: housetable.JobFields{StartTimeMS: number}},
		"job_by_finish_time_ms":      {JobFields: housetable.JobFields{FinishTimeMS: number}},
		"job_by_last_update_time_ms": {JobFields: housetable.JobFields{LastUpdateTimeMS: number}},
		"job_by_job_conf":            {JobFields: housetable.JobFields{JobConf: text}},
		"job_by_heartbeat_time_ms":   {JobFields: housetable.JobFields{HeartbeatTimeMS: number}},
		"job_by_execution_id":        {JobFields: housetable.JobFields{ExecutionID: text}},
		"job_by_engine_type":         {JobFields: housetable.JobFields{EngineType: text}},
		"job_by_retention_time_sec":  {JobFields: housetable.JobFields{RetentionTimeSec: number}},
	}
	for _, statistics := range []string{"without", "with"} {
		for index, q := range queries {
			q.Warehouse, q.Limit = housetable.DefaultWarehouse, 100
			text, args := jobsMatching(q)
			plan := s.plan(t, text, args...)
			if !strings.Contains(plan, "Index Scan using "+index+" ") || strings.Contains(plan, "Sort") {
				t.Errorf("%s statistics, by %s:\n%s", statistics, index, plan)
			}
		}
		s.mustExec(t, "ANALYZE")
	}
}

// TestPlansOfSweeps: a sweep reads what it deletes, the oldest first, and not
// all that there is.
func TestPlansOfSweeps(t *testing.T) {
	s := openStore(t)
	s.mustExec(t, manyJobs)
	s.mustExec(t, "UPDATE job SET state = 'SUCCEEDED' WHERE version < 500")
	s.mustExec(t, `INSERT INTO soft_deleted_table SELECT 'default', 'db', 0, 't' || n, n, n, 'db', 't' || n, 1, gen_random_uuid(), 1, '/', 'hdfs', NULL, now(), now()
		FROM generate_series(1, 5000) n`)
	s.mustExec(t, `INSERT INTO operation SELECT 'default', gen_random_uuid(), '', '', 200, '[]', '', now() - n * interval '1 minute' FROM generate_series(1, 5000) n`)
	for _, statistics := range []string{"without", "with"} {
		for column, c := range map[string]struct {
			text string
			args []any
		}{
			"changed_at_ms":  {forgetJobs, []any{100, int64(0)}},
			"purge_after_ms": {purgeExpired, []any{100}},
			"recorded_at":    {forgetRecorded("operation_untimed"), []any{100, "24 h"}},
		} {
			plan := s.plan(t, c.text, c.args...)
			if !strings.Contains(plan, "Index Cond: ("+column+" < ") || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s statistics, by %s:\n%s", statistics, column, plan)
			}
		}
		s.mustExec(t, "ANALYZE")
	}
}

// TestPlansOfReports: the reports of one table are read in the order of an index,
// and the oldest of all found by another.
func TestPlansOfReports(t *testing.T) {
	s := openStore(t)
	s.mustExec(t, `INSERT INTO metrics_report SELECT 'w' || n % 2, md5((n % 100)::text)::uuid, gen_random_uuid(), 'db', 't', 'scan-report', '{}', '', '',
		now() - n * interval '1 minute' FROM generate_series(1, 5000) n`)
	id := pgtype.UUID{Valid: true}
	for _, statistics := range []string{"without", "with"} {
		for index, c := range map[string]struct {
			text string
			args []any
		}{
			"metrics_report_pkey":     {selectReports, []any{"w1", id, id, id, 100}},
			"metrics_report_recorded": {forgetRecorded("metrics_report"), []any{100, "24 h"}},
		} {
			plan := s.plan(t, c.text, c.args...)
			if !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan on metrics_report") || strings.Contains(plan, "Sort") {
				t.Errorf("%s statistics, by %s:\n%s", statistics, index, plan)
			}
		}
		s.mustExec(t, "ANALYZE")
	}
}

// TestPlansOfOutbox: events are read in the order of an index, and versions that
// are forgotten are looked for by the house table.
func TestPlansOfOutbox(t *testing.T) {
	s := openStore(t)
	s.mustExec(t, `INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location, op_id, principal, request_id)
		SELECT 'w' || n % 2, md5((n % 100)::text)::uuid, n, 'swap', 1, 'db', 't', '/', gen_random_uuid(), '', '' FROM generate_series(1, 5000) n`)
	none := []int64{}
	for _, statistics := range []string{"without", "with"} {
		for name, c := range map[string]struct {
			text  string
			args  []any
			index string
		}{
			"events":    {selectEvents, []any{"w1", int64(7), int64(9), 100}, "change_event_pkey"},
			"latest":    {latestEvent, []any{"w1"}, "change_event_pkey"},
			"passing":   {selectPassing, []any{"w1", int64(7), "1 h", 100, int64(9)}, "change_event_pkey"},
			"warehouse": {nextWarehouseWithEvents, []any{""}, "change_event_pkey"},
			"listed":    {selectMark, []any{"w1", "db", "1"}, "change_event_listed"},
			"left":      {selectMark, []any{"w1", "db", "1"}, "change_event_left"},
			"forgetting": {
				forgetPassed("by_age"), []any{"w1", int64(0), int64(1), []pgtype.UUID{}, none, none, 100}, "change_event_version",
			},
		} {
			plan := s.plan(t, c.text, c.args...)
			sorted := strings.Contains(plan, "Sort") && name != "forgetting"
			if !strings.Contains(plan, c.index) || strings.Contains(plan, "Seq Scan on change_event") || sorted {
				t.Errorf("%s statistics, %s:\n%s", statistics, name, plan)
			}
		}
		s.mustExec(t, "ANALYZE")
	}
}
