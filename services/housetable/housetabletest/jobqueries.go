package housetabletest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// jobQueries: each field filters, alone and together with others, and the pages
// of a query miss nothing that stays and show nothing twice.
func jobQueries(t *testing.T, b *bench) {
	t.Helper()
	const jobs = 30
	for i := range jobs {
		if _, _, err := b.PutJob(t.Context(), house, housetable.Job{JobID: fmt.Sprintf("j%02d", i), JobFields: fieldsOf(i % 3)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.PutJob(t.Context(), house, housetable.Job{JobID: "bare"}, nil); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := 1; i < jobs; i += 3 {
		want = append(want, fmt.Sprintf("j%02d", i))
	}
	for field, fields := range single(fieldsOf(1)) {
		n := 0
		got := b.jobIDs(t, housetable.JobQuery{JobFields: fields}, func() {
			id := fmt.Sprint("a", field, n) // comes before all that are still to be read
			if _, _, err := b.PutJob(t.Context(), house, housetable.Job{JobID: id, JobFields: fieldsOf(1)}, nil); err != nil {
				t.Fatal(err)
			}
			n++
		})
		got = slices.DeleteFunc(got, func(id string) bool { return id[0] == 'a' })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by field %d (-want +got):\n%s", field, diff)
		}
	}
	mixed := fieldsOf(1)
	mixed.RetentionTimeSec = fieldsOf(2).RetentionTimeSec
	if got := b.jobIDs(t, housetable.JobQuery{JobFields: mixed}, func() {}); len(got) != 0 {
		t.Errorf("by fields that no job has together: %v", got)
	}
	if got := b.jobIDs(t, housetable.JobQuery{JobID: new("j04"), Version: new(int64(1)), JobFields: fieldsOf(1)}, func() {}); !slices.Equal(got, []string{"j04"}) {
		t.Errorf("by all fields: %v", got)
	}
}

// jobIDs reads all pages of a query, doing something between them.
func (b *bench) jobIDs(t testing.TB, q housetable.JobQuery, between func()) (ids []string) {
	t.Helper()
	q.Warehouse, q.Limit = house, 4
	for {
		page, next, err := b.ListJobs(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page {
			ids = append(ids, j.JobID)
		}
		if q.After = next; next == "" {
			return ids
		}
		between()
	}
}

func fieldsOf(n int) housetable.JobFields {
	text, number := fmt.Sprint("v", n), int64(n)
	return housetable.JobFields{
		State: &text, JobName: &text, ClusterID: &text, CreationTimeMS: &number, StartTimeMS: &number, FinishTimeMS: &number,
		LastUpdateTimeMS: &number, JobConf: &text, HeartbeatTimeMS: &number, ExecutionID: &text, EngineType: &text, RetentionTimeSec: &number,
	}
}

// single has each of the fields alone.
func single(f housetable.JobFields) []housetable.JobFields {
	return []housetable.JobFields{
		{State: f.State},
		{JobName: f.JobName},
		{ClusterID: f.ClusterID},
		{CreationTimeMS: f.CreationTimeMS},
		{StartTimeMS: f.StartTimeMS},
		{FinishTimeMS: f.FinishTimeMS},
		{LastUpdateTimeMS: f.LastUpdateTimeMS},
		{JobConf: f.JobConf},
		{HeartbeatTimeMS: f.HeartbeatTimeMS},
		{ExecutionID: f.ExecutionID},
		{EngineType: f.EngineType},
		{RetentionTimeSec: f.RetentionTimeSec},
	}
}
