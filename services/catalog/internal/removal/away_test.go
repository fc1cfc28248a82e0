package removal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
)

// away is a warehouse that is looked at before all others.
const away = "away"

// addAway adds that warehouse, with tables that are live, and tells its storage
// apart from the others' or not.
func (w *world) addAway(own bool, tables int) {
	w.Helper()
	w.hts.AddWarehouse(away, "file://"+w.root+"/away")
	_, err := w.catalog.CreateNamespace(w.Context(), w.requestTo(away), catalog.Namespace{"ns"}, nil)
	w.must(err)
	for i := range tables {
		_, err := w.catalog.CreateTable(w.Context(), w.requestTo(away), catalog.TableCreation{Identifier: name(fmt.Sprint("t", i)), Schema: []byte(schema)})
		w.must(err)
	}
	if own {
		w.hts.SetWarehouseStorage(away, &htsv1.StorageProfile{Store: &htsv1.StorageProfile_Local{Local: &htsv1.LocalStorage{}}})
	}
}

func (w *world) requestTo(warehouse string) catalog.Request {
	return catalog.Request{Warehouse: warehouse, Kind: "test"}
}

func (w *world) dies() {
	warehouse := away
	w.files.dead.Store(&warehouse)
}

func (w *world) revives() { w.files.dead.Store(nil) }

// slowly has what failed left alone for longer than a test takes.
func slowly(s *removal.Settings) {
	purging(s)
	s.RetryDelay = time.Hour
}

// TestPurgesBesideStorageThatDoesNotAnswer: what does not answer in one warehouse
// costs the others nothing, wherever tables from before lie; and it is asked once.
func TestPurgesBesideStorageThatDoesNotAnswer(t *testing.T) {
	for _, overlap := range []bool{false, true} {
		t.Run(fmt.Sprintf("overlapping locations %t", overlap), func(t *testing.T) {
			w := newWorldOf(t, overlap)
			w.addAway(true, 5)
			if !overlap {
				w.hts.ForgetHolds(away)
			}
			folder := w.table("t", 3)
			w.must(w.purge())
			w.dies()
			w.remover(slowly)
			w.ended("SUCCEEDED")
			if left := w.left(folder); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
			if asked := w.files.asked.Load(); asked > 1 {
				t.Errorf("the dead store was asked %d times", asked)
			}
			w.measured(1, "igloo_catalog_removal_warehouses_away")
		})
	}
}

// TestPurgesInAStoreOfWhichNotAllIsSeen wait: a table from before, whose place is
// not known, may lie there.
func TestPurgesInAStoreOfWhichNotAllIsSeen(t *testing.T) {
	for _, overlap := range []bool{false, true} {
		t.Run(fmt.Sprintf("overlapping locations %t", overlap), func(t *testing.T) {
			w := newWorldOf(t, overlap)
			w.addAway(false, 1)
			if !overlap {
				w.hts.ForgetHolds(away)
			}
			folder := w.table("t", 3)
			before := len(w.left(folder))
			w.must(w.purge())
			w.dies()
			r := w.remover(purging)
			w.eventually("it is put back", func() bool { return r.Counts().PutBack > 0 })
			if left := w.left(folder); len(left) < before {
				t.Errorf("left: %q", left)
			}
			w.revives()
			w.hts.EndDelays()
			w.ended("SUCCEEDED")
			w.eventually("nothing is away", func() bool { return len(w.left(folder)) == 0 })
		})
	}
}

// TestTablesThatHoldTheirPlacesAreNotRead: where they lie is known without.
func TestTablesThatHoldTheirPlacesAreNotRead(t *testing.T) {
	w := newWorld(t)
	w.addAway(false, 3)
	w.table("t", 1)
	w.must(w.purge())
	w.dies()
	w.remover(slowly)
	w.ended("SUCCEEDED")
	if asked := w.files.asked.Load(); asked > 0 {
		t.Errorf("the dead store was asked %d times", asked)
	}
}

// TestPurgesWhereStorageDoesNotAnswer: they wait, without keeping others waiting.
func TestPurgesWhereStorageDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.addAway(true, 20)
	for i := range 20 {
		w.must(w.catalog.DropTable(t.Context(), w.requestTo(away), name(fmt.Sprint("t", i)), true))
	}
	folder := w.table("t", 3)
	w.must(w.purge())
	w.dies()
	r := w.remover(slowly)
	w.ended("SUCCEEDED")
	if left := w.left(folder); len(left) > 0 || w.files.asked.Load() != 1 {
		t.Errorf("left: %q; the dead store was asked %d times", left, w.files.asked.Load())
	}
	w.must(r.Close())
	w.revives()
	w.hts.EndDelays()
	w.remover(purging)
	w.eventually("all are done", func() bool {
		return strings.Count(strings.Join(w.hts.Jobs(away), ";"), "SUCCEEDED") == 20
	})
}

// TestSweepsBesideStorageThatDoesNotAnswer go on with the other warehouses.
func TestSweepsBesideStorageThatDoesNotAnswer(t *testing.T) {
	for _, whole := range []bool{false, true} {
		w := newWorld(t)
		w.addAway(true, 3)
		w.table("t", 1)
		file, _ := w.strand()
		w.age(file, 2*time.Hour)
		w.dies()
		w.remover(func(s *removal.Settings) {
			sweeping(time.Hour, whole)(s)
			s.RetryDelay = time.Hour
		})
		w.eventually("the orphan is gone", func() bool { return !w.exists(file) })
		if asked := w.files.asked.Load(); asked != 1 {
			t.Errorf("the dead store was asked %d times", asked)
		}
	}
}

// TestFilesOfSeveralStores: what one store says of its files does not hide what
// another says, whoever is first.
func TestFilesOfSeveralStores(t *testing.T) {
	unserved, unavailable := fault.New(fault.Unsupported, "not served here"), fault.New(fault.Unavailable, "later")
	for name, all := range map[string]error{
		"first":    errors.Join(unserved, unavailable),
		"last":     errors.Join(unavailable, unserved),
		"deep":     errors.Join(unavailable, errors.Join(unavailable, unserved)),
		"together": unserved,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			folder := w.table("t", 3)
			w.must(w.purge())
			fail := func(n int64) error {
				if n == 1 {
					return all
				}
				return nil
			}
			w.files.before.Store(&fail)
			r := w.remover(purging)
			w.ended("SUCCEEDED")
			if left := w.left(folder); len(left) > 0 || r.Counts().PutBack > 0 {
				t.Errorf("left %q; put back %d times", left, r.Counts().PutBack)
			}
		})
	}
}
