package removal_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
)

// TestPurgeOfWhatOthersHold: files that the purged table names stay where another
// table lies, in this warehouse or another, and go where nobody does.
func TestPurgeOfWhatOthersHold(t *testing.T) {
	w := newWorld(t)
	w.hts.AddWarehouse("other", "")
	there := catalog.Request{Warehouse: "other", Kind: "test"}
	_, err := w.catalog.CreateNamespace(t.Context(), there, catalog.Namespace{"ns"}, nil)
	w.must(err)
	beyond := "file://" + w.root + "/beyond"
	_, err = w.catalog.CreateTable(t.Context(), there, catalog.TableCreation{Identifier: name("t"), Schema: []byte(schema), Location: beyond})
	w.must(err)
	folder, elsewhere := w.create("t", "", nil), w.create("elsewhere", "", nil)
	free := w.write("file://"+w.root+"/added/file", nil)
	above := w.write("file://"+w.root+"/above", nil)
	theirs := []string{w.write(elsewhere+"/data/a=1/theirs", nil), w.write(beyond+"/theirs", nil)}
	w.append("t", folder, 1, w.manifest(folder+"/metadata/m1.avro", iceberg.ManifestContentData, iceberg.EntryStatusADDED,
		theirs[0], theirs[1], free, above, "hdfs://away/file"))
	w.must(w.purge())
	w.remover(purging)
	report := w.ended("SUCCEEDED")
	for file, want := range map[string]bool{free: false, above: false, theirs[0]: true, theirs[1]: true} {
		if w.exists(file) != want {
			t.Errorf("%s: is there: %t, want %t", file, !want, want)
		}
	}
	if !strings.Contains(report, "2 stayed, which lie where") || !strings.Contains(report, "1 stayed, which cannot be reached") {
		t.Errorf("report %q", report)
	}
}

// TestPurgeMeetsTablesAboveAndBelow: a table that came to lie anywhere around,
// and was renamed since, keeps the files.
func TestPurgeMeetsTablesAboveAndBelow(t *testing.T) {
	for _, around := range []string{"/a/b/c", "/a", "/a/b/c/d/e"} {
		w := newWorld(t)
		folder := w.create("t", "file://"+w.root+"/a/b/c", nil)
		w.must(w.purge())
		w.create("again", "file://"+w.root+around, nil)
		w.must(w.catalog.Rename(t.Context(), w.request(), catalog.TableKind, name("again"), name("renamed")))
		w.remover(purging)
		if reason := w.ended("FAILED"); !strings.Contains(reason, "ns.renamed") {
			t.Errorf("%s: reason %q", around, reason)
		}
		if len(w.left(folder)) == 0 {
			t.Errorf("%s: files are gone", around)
		}
	}
}

// TestNobodyMovesInWhileFilesAreDeleted: the place of a table that is being purged
// is nobody's to have until it is empty.
func TestNobodyMovesInWhileFilesAreDeleted(t *testing.T) {
	w := newWorld(t)
	folder := w.table("t", 3)
	loaded, err := w.catalog.LoadTable(t.Context(), warehouse, name("t"), catalog.LoadOptions{})
	w.must(err)
	refused := map[string]error{}
	var trying atomic.Bool // what is refused deletes a file of its own
	try := always(func(n int64) {
		if !trying.CompareAndSwap(false, true) {
			return
		}
		defer trying.Store(false)
		register := func(as string) error {
			_, err := w.catalog.RegisterTable(t.Context(), w.request(), name(as), loaded.MetadataLocation, false)
			return err
		}
		create := func(as, location string) error {
			_, err := w.catalog.CreateTable(t.Context(), w.request(), catalog.TableCreation{Identifier: name(as), Schema: []byte(schema), Location: location})
			return err
		}
		refused[fmt.Sprint("register ", n)] = register(fmt.Sprint("registered", n))
		refused[fmt.Sprint("create ", n)] = create(fmt.Sprint("created", n), folder)
		refused[fmt.Sprint("below ", n)] = create(fmt.Sprint("below", n), folder+"/data/x")
	})
	w.must(w.purge())
	w.files.calls.Store(0)
	w.files.before.Store(&try)
	r := w.remover(purging)
	w.ended("SUCCEEDED")
	w.must(r.Close())
	if len(refused) < 12 {
		t.Errorf("only %d were tried", len(refused))
	}
	for what, err := range refused {
		want := fault.Unavailable
		if strings.HasPrefix(what, "register") {
			want = fault.Invalid
		}
		if !fault.Is(err, want) || !strings.Contains(err.Error(), "being deleted") {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.files.before.Store(nil)
	w.create("after", folder, nil)
}

// TestTablesFromBeforeHoldTheirPlaces: those that hold nothing are given their
// places before anything is deleted. Of two that lie in one another one cannot
// be, and is spared all the same.
func TestTablesFromBeforeHoldTheirPlaces(t *testing.T) {
	w := newWorldOf(t, true)
	before := "file://" + w.root + "/before"
	w.create("before", before, nil)
	w.create("inside", before+"/a/inside", nil)
	theirs := []string{w.write(before+"/data/theirs", nil), w.write(before+"/a/inside/data/theirs", nil)}
	w.hts.ForgetHolds(warehouse)
	w.overlap = false
	folder := w.create("t", "", nil)
	mine := w.write(folder+"/data/mine", nil)
	w.append("t", folder, 1, w.manifest(folder+"/metadata/m1.avro", iceberg.ManifestContentData, iceberg.EntryStatusADDED, theirs[0], theirs[1], mine))
	w.must(w.purge())
	r := w.remover(purging)
	w.ended("SUCCEEDED")
	for file, want := range map[string]bool{mine: false, theirs[0]: true, theirs[1]: true} {
		if w.exists(file) != want {
			t.Errorf("%s: is there: %t, want %t", file, !want, want)
		}
	}
	place, err := catalog.HeldLocation(before)
	w.must(err)
	holders, err := hts.New(w.hts.Conn()).Holders(t.Context(), warehouse, []string{place})
	if err != nil || len(holders) != 1 {
		t.Errorf("%+v, %v", holders, err)
	}
	w.must(w.catalog.DropTable(t.Context(), w.request(), name("before"), true))
	w.eventually("the place is another's still", func() bool { return r.Counts().Failed == 1 })
	if !w.exists(theirs[0]) || !w.exists(theirs[1]) {
		t.Error("files of a table that lies inside are gone")
	}
}
