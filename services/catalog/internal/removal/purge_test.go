package removal_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
)

// TestPurgeDeletesAllThatBelongsToATable and nothing that does not.
func TestPurgeDeletesAllThatBelongsToATable(t *testing.T) {
	w := newWorld(t)
	folder := w.table("t", 3)
	other := w.table("other", 2)
	kept := w.left(other)
	stranger := w.write(folder+"/data/not-the-tables", []byte("x"))
	w.must(w.purge())
	w.remover(purging)
	report := w.ended("SUCCEEDED")
	if left := w.left(folder); fmt.Sprint(left) != "[data/"+base(stranger)+"]" {
		t.Errorf("left %q", left)
	}
	if now := w.left(other); fmt.Sprint(now) != fmt.Sprint(kept) {
		t.Errorf("of another table: %q, want %q", now, kept)
	}
	if want := "deleted 4 data and delete files, 2 manifests, 2 manifest lists, 5 metadata files, 2 statistics files"; !sameParts(report, want) {
		t.Errorf("report %q, want %q", report, want)
	}
}

// DT2: Spark deletes the files of a table itself and drops it then; other engines
// always ask for a purge. What is gone already stands in no purge's way.
func TestPurgeOfWhatTheEngineDeleted(t *testing.T) {
	w := newWorld(t)
	folder := w.table("t", 3)
	for _, name := range w.left(folder) {
		if strings.HasPrefix(name, "data/") || strings.HasSuffix(name, ".avro") {
			w.must(os.Remove(strings.TrimPrefix(folder+"/"+name, "file://")))
		}
	}
	w.must(w.purge())
	w.remover(purging)
	w.ended("SUCCEEDED")
	if left := w.left(folder); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}

func sameParts(got, want string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(want, "deleted "), ", ") {
		if !strings.Contains(got, part) {
			return false
		}
	}
	return true
}

// TestPurgeSparesLiveTables that lie inside of the purged one, where they may, or
// whose files the purged one names.
func TestPurgeSparesLiveTables(t *testing.T) {
	w := newWorldOf(t, true)
	folder := w.create("t", "", nil)
	inside := w.create("inside", folder+"/data/inside", nil)
	elsewhere := w.create("elsewhere", "", nil)
	mine := w.write(folder+"/data/mine", nil)
	outside := w.write("file://"+w.root+"/added/file", nil)
	theirs := []string{w.write(inside+"/data/theirs", nil), w.write(elsewhere+"/data/theirs", nil)}
	removed := w.write(folder+"/data/removed", nil)
	w.append("t", folder, 1,
		w.manifest(folder+"/metadata/m1.avro", iceberg.ManifestContentData, iceberg.EntryStatusADDED, theirs[0], theirs[1], mine, outside, "hdfs://away/file"),
		w.manifest(folder+"/metadata/m2.avro", iceberg.ManifestContentData, iceberg.EntryStatusDELETED, removed))
	w.must(w.purge())
	w.remover(purging)
	report := w.ended("SUCCEEDED")
	for file, want := range map[string]bool{mine: false, outside: false, theirs[0]: true, theirs[1]: true, removed: true} {
		if w.exists(file) != want {
			t.Errorf("%s: is there: %t, want %t", file, !want, want)
		}
	}
	if !strings.Contains(report, "2 stayed, which lie where") || !strings.Contains(report, "1 stayed, which cannot be reached") {
		t.Errorf("report %q", report)
	}
}

// TestPurgeIsRefusedWhereALiveTableLies: one that was registered again is live.
func TestPurgeIsRefusedWhereALiveTableLies(t *testing.T) {
	for _, overlap := range []bool{false, true} {
		t.Run(fmt.Sprintf("overlap %t", overlap), func(t *testing.T) { purgeOfALiveTable(t, newWorldOf(t, overlap)) })
	}
}

func purgeOfALiveTable(t *testing.T, w *world) {
	t.Helper()
	folder := w.table("t", 2)
	before := w.left(folder)
	loaded, err := w.catalog.LoadTable(t.Context(), warehouse, name("t"), catalog.LoadOptions{})
	w.must(err)
	w.must(w.purge())
	_, err = w.catalog.RegisterTable(t.Context(), w.request(), name("again"), loaded.MetadataLocation, false)
	w.must(err)
	r := w.remover(purging)
	if reason := w.ended("FAILED"); !strings.Contains(reason, "ns.again") {
		t.Errorf("reason %q", reason)
	}
	if now := w.left(folder); fmt.Sprint(now) != fmt.Sprint(before) || r.Counts().FilesPurged != 0 {
		t.Errorf("left %q, want %q", now, before)
	}
}

// TestTablesThatKeepTheirFilesAreNotPurged at all: the drop is refused.
func TestTablesThatKeepTheirFilesAreNotPurged(t *testing.T) {
	w := newWorld(t)
	w.create("t", "", map[string]string{catalog.GCProperty: "false"})
	if err := w.purge(); !fault.Is(err, fault.Invalid) {
		t.Fatalf("purge: %v", err)
	}
	w.must(w.catalog.Exists(t.Context(), warehouse, name("t"), catalog.TableKind))
	w.must(w.catalog.DropTable(t.Context(), w.request(), name("t"), false))
	if jobs := w.hts.Jobs(warehouse); len(jobs) != 0 {
		t.Errorf("jobs %q", jobs)
	}
}

// TestPurgeGoesOn after it was interrupted before each of its deletions.
func TestPurgeGoesOn(t *testing.T) {
	for n := int64(1); ; n++ {
		w := newWorld(t)
		folder := w.table("t", 2)
		var hit atomic.Bool
		fail := func(now int64) error {
			if now == n {
				hit.Store(true)
				return fault.New(fault.Unavailable, "storage is away")
			}
			return nil
		}
		w.must(w.purge())
		w.files.calls.Store(0)
		w.files.before.Store(&fail)
		r := w.remover(purging)
		w.ended("SUCCEEDED")
		if left := w.left(folder); len(left) != 0 {
			t.Fatalf("interrupted before deletion %d: left %q", n, left)
		}
		w.must(r.Close())
		if !hit.Load() {
			if n < 5 {
				t.Errorf("only %d deletions", n-1)
			}
			return
		}
		if r.Counts().PutBack != 1 {
			t.Errorf("put back %d times", r.Counts().PutBack)
		}
	}
}

// always lets a deletion go on after something was done.
func always(do func(n int64)) func(int64) error {
	return func(n int64) error {
		do(n)
		return nil
	}
}

// TestPurgeOfASilentReplicaIsAnothers: it goes on before each deletion that the
// first one did not come to, and the first one has no say any more.
func TestPurgeOfASilentReplicaIsAnothers(t *testing.T) {
	for n := int64(1); n <= 6; n++ {
		w := newWorld(t)
		folder := w.table("t", 2)
		silent, awake := make(chan struct{}), make(chan struct{})
		hang := always(func(now int64) {
			if now == n {
				close(silent)
				<-awake
			}
		})
		w.must(w.purge())
		w.files.calls.Store(0)
		w.files.before.Store(&hang)
		first := w.remover(purging)
		<-silent
		second := w.remover(purging)
		w.hts.ExpireLeases()
		w.ended("SUCCEEDED")
		if left := w.left(folder); len(left) != 0 {
			t.Fatalf("silent before deletion %d: left %q", n, left)
		}
		close(awake)
		w.must(first.Close())
		w.must(second.Close())
		if jobs := w.hts.Jobs(warehouse); len(jobs) != 1 || !strings.HasPrefix(jobs[0], "SUCCEEDED") {
			t.Fatalf("jobs %q", jobs)
		}
	}
}

// TestPurgeGivesUp after so many attempts, and says why.
func TestPurgeGivesUp(t *testing.T) {
	w := newWorld(t)
	w.table("t", 1)
	never := func(int64) error { return fault.New(fault.Unavailable, "storage is away") }
	w.must(w.purge())
	w.files.before.Store(&never)
	r := w.remover(purging)
	if reason := w.ended("FAILED"); !strings.Contains(reason, "storage is away") {
		t.Errorf("reason %q", reason)
	}
	if counts := r.Counts(); counts.PutBack != 9 || counts.Failed != 1 {
		t.Errorf("%+v", counts)
	}
	w.measured(9, "igloo_catalog_removal_jobs_total", "outcome", "put_back")
	w.measured(1, "igloo_catalog_removal_jobs_total", "outcome", "failed")
	w.measured(0, "igloo_catalog_removal_jobs_total", "outcome", "done")
}

// TestPurgeOfManyFilesIsStreamed purges 50,000 files and looks what that adds to
// the heap.
func TestPurgeOfManyFilesIsStreamed(t *testing.T) {
	w := newWorld(t)
	folder := w.create("t", "", nil)
	const manifests, each = 5, 10_000
	list := make([]iceberg.ManifestFile, 0, manifests)
	for i := range manifests {
		files := make([]string, each)
		for j := range files {
			files[j] = fmt.Sprintf("%s/data/%032d-%d.parquet", folder, j, i)
		}
		list = append(list, w.manifest(fmt.Sprintf("%s/metadata/m%d.avro", folder, i), iceberg.ManifestContentData, iceberg.EntryStatusADDED, files...))
	}
	w.append("t", folder, 1, list...)
	w.must(w.purge())
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	measure := always(func(n int64) {
		if n%10 == 0 {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most.Store(max(most.Load(), now.HeapAlloc))
		}
	})
	w.files.before.Store(&measure)
	began := time.Now()
	w.remover(func(s *removal.Settings) {
		purging(s)
		s.DeleteRate = 1 << 30
	})
	report := w.ended("SUCCEEDED")
	grown := (int64(most.Load()) - int64(before.HeapAlloc)) >> 20
	t.Logf("%s; heap grew by %d MB, %s", report, grown, time.Since(began))
	if grown > 100 || most.Load() == 0 || !strings.Contains(report, "50000 data") {
		t.Errorf("heap grew by %d MB: %s", grown, report)
	}
}
