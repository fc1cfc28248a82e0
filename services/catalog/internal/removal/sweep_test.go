package removal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
)

func sweeping(age time.Duration, whole bool) func(*removal.Settings) {
	return func(s *removal.Settings) {
		s.OrphanInterval, s.OrphanAge, s.WholeWarehouses = time.Millisecond, age, whole
	}
}

// strand writes a metadata file of a commit whose answer, or whose sending, was
// lost, and returns it with what was to be sent.
func (w *world) strand() (file string, late func() error) {
	w.Helper()
	lost := make(chan *htsv1.CommitRequest, 1)
	w.hts.SetIntercept(func(_ context.Context, r *htsv1.CommitRequest, _ func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		lost <- r
		return nil, fault.New(fault.Internal, "the process died")
	})
	err := w.commit(w.Context(), "t", `[{"action":"set-properties","updates":{"a":"late"}}]`)
	w.hts.SetIntercept(nil)
	if err == nil {
		w.Fatal("the commit was not stranded")
	}
	request := <-lost
	return request.GetChanges()[0].GetSwapTable().GetMetadataLocation(), func() error {
		answer, err := htsv1.NewCommitServiceClient(w.hts.Conn()).Commit(w.Context(), request)
		if replay := answer.GetReplay(); replay != nil {
			return fmt.Errorf("answered %d", replay.GetOperations()[0].GetOperation().GetOutcome().GetStatus())
		}
		return err
	}
}

// TestSweepDeletesWhatIsNeverNamed and keeps everything else.
func TestSweepDeletesWhatIsNeverNamed(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("whole warehouses %t", whole), func(t *testing.T) {
			w := newWorld(t)
			folder := w.table("t", 1)
			before := w.left(folder)
			for _, file := range before {
				w.age(folder+"/"+file, 2*time.Hour)
			}
			orphan, late := w.strand()
			w.age(orphan, 2*time.Hour)
			// A second attempt of an operation that was applied with its first file.
			applied, _, _ := strings.Cut(base(w.current("t")), ".")
			second := w.write(folder+"/metadata/"+applied+"-7.metadata.json", nil)
			w.age(second, 2*time.Hour)
			young, _ := w.strand()
			old := w.write(fmt.Sprintf("%s/metadata/00001-%s.metadata.json", folder, uuid.Must(uuid.NewV7())), nil)
			other := w.write(fmt.Sprintf("%s/metadata/00001-%s.metadata.json", folder, uuid.New()), nil)
			w.age(other, 2*time.Hour)
			w.age(old, 30*time.Hour)
			foreign := w.write(folder+"/metadata/v1.metadata.json", nil)
			w.age(foreign, 2*time.Hour)
			r := w.remover(sweeping(time.Hour, whole))
			w.eventually("two orphans", func() bool { return r.Counts().Orphans == 2 })
			for file, want := range map[string]bool{orphan: false, second: false, young: true, old: true, other: true, foreign: true} {
				if w.exists(file) != want {
					t.Errorf("%s: is there: %t, want %t", file, !want, want)
				}
			}
			for _, file := range before {
				if !w.exists(folder + "/" + file) {
					t.Errorf("%s is gone", file)
				}
			}
			if err := late(); err == nil || err.Error() != "answered 409" {
				t.Errorf("the late commit: %v", err)
			}
			if counts := r.Counts(); counts.Fenced != 1 {
				t.Errorf("%+v", counts)
			}
			w.measured(1, "igloo_catalog_removal_fences_total")
			w.measured(2, "igloo_catalog_removal_files_total", "of", "orphan")
		})
	}
}

func (w *world) current(table string) string {
	w.Helper()
	loaded, err := w.catalog.LoadTable(w.Context(), warehouse, name(table), catalog.LoadOptions{})
	w.must(err)
	return loaded.MetadataLocation
}

// TestSweepOfCreates finds what was written for tables that never were, where
// warehouses are looked through as a whole.
func TestSweepOfCreates(t *testing.T) {
	w := newWorld(t)
	operation := uuid.Must(uuid.NewV7())
	never := w.write(fmt.Sprintf("file://%s/ns/t-1/metadata/00000-%s.metadata.json", w.root, operation), nil)
	r := w.remover(sweeping(0, true))
	w.eventually("an orphan", func() bool { return r.Counts().Orphans == 1 })
	if w.exists(never) {
		t.Error("it is there")
	}
	// Clients take a conflict over a creation for the name being taken.
	finished, err := hts.New(w.hts.Conn()).Operation(t.Context(), warehouse, operation)
	if err != nil || finished == nil || finished.Outcome.Status != http.StatusBadRequest {
		t.Errorf("recorded %+v, %v", finished, err)
	}
}

// TestSweepKeepsWhatALiveTableTellsOf though no record of an operation does: it
// was registered, with its past, from another catalog.
func TestSweepKeepsWhatALiveTableTellsOf(t *testing.T) {
	w := newWorld(t)
	w.hts.AddWarehouse("elsewhere", "")
	folder := w.create("t", "", nil)
	for i := range 3 {
		err := w.commit(t.Context(), "t", fmt.Sprintf(`[{"action":"set-properties","updates":{"a":"%d"}}]`, i))
		w.must(err)
	}
	before := w.left(folder)
	request := catalog.Request{Warehouse: "elsewhere", Kind: "test"}
	_, err := w.catalog.CreateNamespace(t.Context(), request, catalog.Namespace{"ns"}, nil)
	w.must(err)
	_, err = w.catalog.RegisterTable(t.Context(), request, name("t"), w.current("t"), false)
	w.must(err)
	w.must(w.catalog.DropTable(t.Context(), w.request(), name("t"), false))
	for _, whole := range []bool{false, true} {
		r := w.remover(sweeping(0, whole))
		orphan := w.write(fmt.Sprintf("%s/metadata/00009-%s.metadata.json", folder, uuid.Must(uuid.NewV7())), nil)
		w.eventually("the orphan is gone", func() bool { return !w.exists(orphan) })
		w.must(r.Close())
		if now := w.left(folder); fmt.Sprint(now) != fmt.Sprint(before) {
			t.Fatalf("left %q, want %q", now, before)
		}
	}
}

// TestSweepAgainstCommitsOnTheirWay: a commit is refused, or its file stays. The
// sweep takes files of any age here, which no operator can set it to.
func TestSweepAgainstCommitsOnTheirWay(t *testing.T) {
	w := newWorld(t)
	const tables, commits = 4, 60
	// The folder of this warehouse lies in that of the other.
	w.hts.AddWarehouse("around", "file://"+w.root)
	for i := range tables {
		w.create(fmt.Sprint("t", i), "", nil)
	}
	w.hts.SetIntercept(func(_ context.Context, _ *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		way := rand.N(10 * time.Millisecond)
		if rand.N(10) == 0 {
			way *= 40
		}
		time.Sleep(way)
		return next()
	})
	r := w.remover(sweeping(0, true))
	var applied, refused int
	var mu sync.Mutex
	var writers sync.WaitGroup
	for i := range tables {
		writers.Go(func() {
			for n := range commits {
				err := w.commit(t.Context(), fmt.Sprint("t", i), fmt.Sprintf(`[{"action":"set-properties","updates":{"n":"%d"}}]`, n))
				mu.Lock()
				switch {
				case err == nil:
					applied++
				case fault.Is(err, fault.CommitFailed):
					refused++
				default:
					t.Errorf("commit %d: %v", n, err)
				}
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	w.hts.SetIntercept(nil)
	w.must(r.Close())
	t.Logf("%d applied, %d refused, %+v", applied, refused, r.Counts())
	if applied == 0 || refused == 0 || r.Counts().Fenced == 0 {
		t.Error("too little happened for this to show anything")
	}
	for i := range tables {
		if _, err := w.catalog.LoadTable(t.Context(), warehouse, name(fmt.Sprint("t", i)), catalog.LoadOptions{}); err != nil {
			t.Errorf("table %d: %v", i, err)
		}
		for _, file := range w.past(w.current(fmt.Sprint("t", i))) {
			if !w.exists(file) {
				t.Errorf("%s is gone", file)
			}
		}
	}
}

// TestSweepsAskForManyFilesAtOnce: the house table service is asked a few times for
// hundreds of files; where one of them came to be named meanwhile, it stays, and
// the others go all the same.
func TestSweepsAskForManyFilesAtOnce(t *testing.T) {
	w := newWorld(t)
	folder := w.table("t", 1)
	const orphans = 250
	files := make([]string, orphans)
	for i := range files {
		files[i] = w.write(fmt.Sprintf("%s/metadata/%05d-%s.metadata.json", folder, i+1, uuid.Must(uuid.NewV7())), []byte("{}"))
	}
	late, arrives := w.strand()
	var once sync.Once
	w.hts.SetIntercept(func(_ context.Context, r *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		if r.GetOperations()[0].GetKind() != "abandon" {
			return next()
		}
		once.Do(func() { w.must(arrives()) })
		return next()
	})
	for _, file := range append(files, late) {
		w.age(file, 2*time.Hour)
	}
	before := w.hts.Commits()
	r := w.remover(sweeping(time.Hour, false))
	w.eventually("they are gone", func() bool { return r.Counts().Orphans == orphans })
	w.must(r.Close())
	// Three for 251 files, one that arrives late, and those of the batch that it is in.
	if asked := w.hts.Commits() - before; asked > 3+1+100 {
		t.Errorf("%d commits for %d files", asked, orphans)
	}
	if !w.exists(late) {
		t.Error("a file that came to be named is gone")
	}
}
