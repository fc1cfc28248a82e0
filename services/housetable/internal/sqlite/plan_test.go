package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// TestPlansOfJobQueries: a query by any field reads jobs of that value alone, in
// the order of ids.
func TestPlansOfJobQueries(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "igloo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	text, number := new("7"), new(int64(7))
	for index, q := range map[string]housetable.JobQuery{
		"job_in_state":               {JobFields: housetable.JobFields{State: text}},
		"PRIMARY KEY":                {JobID: text},
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
	} {
		q.Warehouse, q.Limit = housetable.DefaultWarehouse, 100
		statement, args := jobsMatching(q)
		if plan := s.plan(t, statement, args...); !strings.Contains(plan, " USING "+index) && !strings.Contains(plan, "INDEX "+index+" ") || strings.Contains(plan, "B-TREE") {
			t.Errorf("by %s: %s", index, plan)
		}
	}
	for index, statement := range map[string]string{
		"job_finished": forgetJobs, "soft_deleted_table_due": "DELETE FROM soft_deleted_table WHERE " + purgeExpired, "operation_recorded": forgetOperations,
		"metrics_report_recorded": forgetReports,
	} {
		if plan := s.plan(t, statement, 0, 100); !strings.Contains(plan, "INDEX "+index+" ") || strings.Contains(plan, "B-TREE") {
			t.Errorf("by %s: %s", index, plan)
		}
	}
}

// TestPlansOfHolds: what stands in the way of a location is looked for by keys.
func TestPlansOfHolds(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "igloo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for statement, args := range map[string][]any{
		holdersAt: {"default", "l:/a"}, holdersBelow: {"default", "l:/a/", "l:/a0"}, deleteHold: {"default", []byte{1}, "l:"}, freeHolds: {"default", []byte{1}},
		freePurged + purgeExpired + ")": {1, 100},
	} {
		if plan := s.plan(t, statement, args...); strings.Contains(plan, "SCAN") || strings.Contains(plan, "B-TREE") {
			t.Errorf("%s: %s", statement, plan)
		}
	}
}

// TestPlansOfMarks: what has changed a list is found in indexes that have nothing else.
func TestPlansOfMarks(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "igloo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plan := s.plan(t, selectMark, "default", "db", 1)
	for _, index := range []string{"change_event_listed", "change_event_left"} {
		if !strings.Contains(plan, "INDEX "+index+" ") || strings.Contains(plan, "SCAN change_event") {
			t.Errorf("by %s: %s", index, plan)
		}
	}
}

// plan is how the database would run a statement.
func (s *Store) plan(t *testing.T, statement string, args ...any) string {
	t.Helper()
	return strings.Join(s.Plan(t, statement, args...), "; ")
}

// TestPlansOfVisibility: what somebody may be shown is looked for by what they
// were given and what they own.
func TestPlansOfVisibility(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "igloo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := &housetable.Visibility{Owner: "corp:alice"}
	q := housetable.TableQuery{Warehouse: housetable.DefaultWarehouse, DatabaseID: "db", Kind: housetable.KindTable, Visible: v, Page: housetable.Page{Limit: 10}}
	condition, args := tablesMatching(q, spelling{})
	tables, tableArgs := visibleTables("SELECT "+listedTable+visibleOf, q, condition, args, true)
	namespaces := visibleArgs(housetable.NamespaceQuery{Warehouse: housetable.DefaultWarehouse, Visible: v}, spelling{})
	for statement, args := range map[string][]any{
		tables: tableArgs, listVisibleNamespaces: append(namespaces, "", 10, 0),
		namespaceVisible: {housetable.DefaultWarehouse, "db", "[]", "[]", ""},
	} {
		plan := s.plan(t, statement, args...)
		if strings.Contains(plan, "SCAN house_table") || strings.Contains(plan, "SCAN namespace") || !strings.Contains(plan, "house_table_uuid") || !strings.Contains(plan, "house_table_owner") {
			t.Errorf("%s: %s", statement, plan)
		}
	}
	if plan := s.plan(t, followGrants, housetable.DefaultWarehouse, 1, 10); !strings.Contains(plan, "access_grant_version") || strings.Contains(plan, "B-TREE") {
		t.Errorf("%s: %s", followGrants, plan)
	}
}
