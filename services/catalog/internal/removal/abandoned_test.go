package removal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
)

// staged is a table that a client staged and wrote data for.
type staged struct {
	*world

	metadata struct {
		Location string `json:"location"`
		UUID     string `json:"table-uuid"`
	}
	files []string
}

// stage is a client that stages a table and writes files.
func (w *world) stage(location string, files int) *staged {
	w.Helper()
	loaded, err := w.catalog.StageTable(w.Context(), w.request(), catalog.TableCreation{
		Identifier: name("t"), Schema: json.RawMessage(schema), Location: location,
	})
	w.must(err)
	s := &staged{world: w}
	w.must(json.Unmarshal(loaded.Metadata, &s.metadata))
	for i := range files {
		s.files = append(s.files, w.write(fmt.Sprintf("%s/data/a=%d/f.parquet", s.metadata.Location, i), []byte("data")))
	}
	return s
}

// create is the client's commit.
func (s *staged) create() error {
	_, err := s.catalog.UpdateTable(s.Context(), s.request(), catalog.TableChange{
		Identifier: name("t"), Requirements: json.RawMessage(`[{"type":"assert-create"}]`),
		Updates: json.RawMessage(fmt.Sprintf(`[{"action":"assign-uuid","uuid":%q},{"action":"upgrade-format-version","format-version":2},
			{"action":"add-schema","schema":%s},{"action":"set-current-schema","schema-id":-1},{"action":"add-spec","spec":{"spec-id":0,"fields":[]}},
			{"action":"set-default-spec","spec-id":-1},{"action":"add-sort-order","sort-order":{"order-id":0,"fields":[]}},
			{"action":"set-default-sort-order","sort-order-id":-1},{"action":"set-location","location":%q}]`,
			s.metadata.UUID, schema, s.metadata.Location)),
	})
	return err
}

// TestAbandonedCreationsAreSwept: the client staged, wrote and disappeared. Its
// files go when their time has come, and nobody else's.
func TestAbandonedCreationsAreSwept(t *testing.T) {
	w := newWorld(t)
	place := "file://" + w.root + "/place"
	before := w.write(place+"/data/before.parquet", nil)
	w.age(before, time.Hour)
	s := w.stage(place, 1200)
	beside := w.write("file://"+w.root+"/place2/beside", nil)
	r := w.remover(purging)
	if jobs := w.hts.Jobs(warehouse); len(jobs) != 1 || !strings.HasPrefix(jobs[0], "QUEUED") {
		t.Fatalf("jobs %q", jobs)
	}
	if left := w.left(place); len(left) != 1201 {
		t.Fatalf("%d files are left before the time has come", len(left))
	}
	w.hts.EndDelays()
	report := w.ended("SUCCEEDED")
	if left := w.left(place); fmt.Sprint(left) != "[data/before.parquet]" || !w.exists(beside) {
		t.Errorf("left %q", left)
	}
	if !strings.Contains(report, "deleted 1200 files") || r.Counts().FilesAbandoned != 1200 {
		t.Errorf("report %q, %+v", report, r.Counts())
	}
	w.measured(1200, "igloo_catalog_removal_files_total", "of", "abandoned")
	// Whoever comes back after that cannot create a table without its files.
	if err := s.create(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("late: %v", err)
	}
	w.create("t", place, nil)
}

// TestCreationsInTimeKeepTheirFiles: what is committed before the sweep has the
// place loses nothing, then or when it is dropped without a purge.
func TestCreationsInTimeKeepTheirFiles(t *testing.T) {
	w := newWorld(t)
	s := w.stage("", 3)
	w.must(s.create())
	if jobs := w.hts.Jobs(warehouse); !strings.HasPrefix(jobs[0], "CANCELLED") {
		t.Fatalf("jobs %q", jobs)
	}
	w.must(w.catalog.DropTable(t.Context(), w.request(), name("t"), false))
	second := w.stage("", 3)
	w.remover(purging)
	w.hts.EndDelays()
	w.ended("SUCCEEDED") // of the second one
	for i, file := range s.files {
		if !w.exists(file) || w.exists(second.files[i]) {
			t.Errorf("%s is there: %t; %s is there: %t", file, w.exists(file), second.files[i], w.exists(second.files[i]))
		}
	}
}

// TestCreationsAtTheLastMoment race with the sweep: either the table is there with
// all its files, or the client is told that it is not.
func TestCreationsAtTheLastMoment(t *testing.T) {
	created := 0
	for round := range 40 {
		w := newWorld(t)
		s := w.stage("", 5)
		r := w.remover(purging)
		done := make(chan error, 1)
		go func() { done <- s.create() }()
		w.hts.EndDelays()
		err := <-done
		w.eventually("the job is over", func() bool {
			job := w.hts.Jobs(warehouse)[0]
			return strings.HasPrefix(job, "SUCCEEDED") || strings.HasPrefix(job, "CANCELLED")
		})
		w.must(r.Close())
		switch {
		case err == nil:
			created++
			for _, file := range s.files {
				if !w.exists(file) {
					t.Fatalf("round %d: the table was created, and %s is gone", round, file)
				}
			}
		case !fault.Is(err, fault.Invalid):
			t.Fatalf("round %d: %v", round, err)
		}
	}
	t.Logf("%d of 40 were created", created)
}

// TestAbandonedPlacesOfOthers are left alone: a table that lies there, above or
// below is not known to share nothing.
func TestAbandonedPlacesOfOthers(t *testing.T) {
	for _, around := range []string{"/a", "/a/b", "/a/b/c"} {
		w := newWorld(t)
		s := w.stage("file://"+w.root+"/a/b", 2)
		w.create("other", "file://"+w.root+around, nil)
		w.remover(purging)
		w.hts.EndDelays()
		if reason := w.ended("FAILED"); !strings.Contains(reason, "ns.other") {
			t.Errorf("%s: reason %q", around, reason)
		}
		if !w.exists(s.files[0]) || !w.exists(s.files[1]) {
			t.Errorf("%s: files are gone", around)
		}
	}
}

// TestAbandonedSweepGoesOn after it was interrupted, and after a replica fell silent.
func TestAbandonedSweepGoesOn(t *testing.T) {
	w := newWorld(t)
	s := w.stage("", 1100)
	fail := func(n int64) error {
		if n == 2 {
			return fault.New(fault.Unavailable, "storage is away")
		}
		return nil
	}
	w.files.calls.Store(0)
	w.files.before.Store(&fail)
	r := w.remover(purging)
	w.hts.EndDelays()
	w.ended("SUCCEEDED")
	if left := w.left(s.metadata.Location); len(left) != 0 || r.Counts().PutBack != 1 {
		t.Errorf("left %d, %+v", len(left), r.Counts())
	}
}

// TestStagedTablesThatStay: where tables may lie in one another, nobody knows
// whose a file is.
func TestStagedTablesThatStay(t *testing.T) {
	w := newWorldOf(t, true)
	w.stage("", 1)
	w.remover(func(s *removal.Settings) { purging(s) })
	if jobs := w.hts.Jobs(warehouse); len(jobs) != 0 {
		t.Errorf("jobs %q", jobs)
	}
}
