package scan_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// planned is a plan with its tasks fetched.
type planned struct {
	files     map[string]bool
	deletes   map[string][]string
	residuals map[string][]byte
	// partitions are the values of the spec's fields.
	partitions map[string][]any
}

// everywhere is one store for all warehouses.
type everywhere struct{ objectstore.Store }

func (e everywhere) In(string) objectstore.Store { return e.Store }

func (h *history) planner(settings scan.Settings) *scan.Planner {
	h.t.Helper()
	local, err := objectstore.OpenLocal()
	h.must(err)
	p, err := scan.New(everywhere{local}, settings, slog.New(slog.DiscardHandler))
	h.must(err)
	return p
}

// ask plans, and fetches every task of the plan.
func (h *history) ask(p *scan.Planner, table scan.Table, request scan.Request) planned {
	h.t.Helper()
	found := planned{map[string]bool{}, map[string][]string{}, map[string][]byte{}, map[string][]any{}}
	var out bytes.Buffer
	h.must(p.Plan(h.t.Context(), &out, table, request))
	answers := []result{decode(h.t, out.Bytes())}
	for _, task := range answers[0].Tasks {
		out.Reset()
		h.must(p.Tasks(h.t.Context(), &out, table, task))
		answers = append(answers, decode(h.t, out.Bytes()))
	}
	for _, answer := range answers {
		for _, file := range answer.Files {
			if found.files[file.Data.Path] {
				h.t.Errorf("%s is planned twice", file.Data.Path)
			}
			found.files[file.Data.Path], found.residuals[file.Data.Path] = true, file.Residual
			found.deletes[file.Data.Path], found.partitions[file.Data.Path] = []string{}, file.Data.Partition
			for _, i := range file.Deletes {
				found.deletes[file.Data.Path] = append(found.deletes[file.Data.Path], answer.Deletes[i].Path)
			}
			slices.Sort(found.deletes[file.Data.Path])
		}
	}
	return found
}

func (h *history) matches(filter any, k *known) bool {
	return slices.ContainsFunc(k.rows, func(row map[int]iceberg.Literal) bool { return h.holds(filter, row, false) })
}

// deletesOf are the delete files of a data file now. Source: specification, "Scan
// Planning".
func (h *history) deletesOf(k *known) []string {
	found, vectors := []string{}, []string{}
	for _, m := range h.manifests {
		for _, d := range m.members {
			partition := d.spec == k.spec && fmt.Sprint(d.partition) == fmt.Sprint(k.partition)
			switch {
			case d.content == iceberg.EntryContentData:
			case d.content == iceberg.EntryContentEqDeletes:
				if d.sequence > k.sequence && (partition || h.unpartitioned(d.spec)) {
					found = append(found, d.path)
				}
			case d.vector && d.of == k.path:
				vectors = append(vectors, d.path)
			case !d.vector && d.sequence >= k.sequence && partition && (d.of == "" || d.of == k.path):
				found = append(found, d.path)
			}
		}
	}
	found = append(found, vectors...)
	slices.Sort(found)
	return found
}

// partitionAnswer is a file's partition as the protocol writes it, also where the
// column that it was taken of is gone.
func (h *history) partitionAnswer(k *known) []any {
	values := []any{}
	for _, f := range h.specs[k.spec].Fields() {
		v := k.partition[f.FieldID]
		_, byDay := f.Transform.(iceberg.DayTransform)
		switch x := v.(type) {
		case iceberg.Date:
			v = time.Unix(int64(x)*86_400, 0).UTC().Format(time.DateOnly)
		case int32:
			if v = float64(x); byDay {
				v = time.Unix(int64(x)*86_400, 0).UTC().Format(time.DateOnly)
			}
		case int64:
			v = float64(x)
		case float64:
			if v = x; math.IsNaN(x) {
				v = "NaN"
			} else if math.IsInf(x, 1) {
				v = "Infinity"
			}
		}
		values = append(values, v)
	}
	return values
}

func (h *history) unpartitioned(spec int) bool {
	for _, f := range h.specs[spec].Fields() {
		if _, void := f.Transform.(iceberg.VoidTransform); !void {
			return false
		}
	}
	return true
}

// histories runs a test on random tables of every format version.
func histories(t *testing.T, each int, test func(*testing.T, *history)) {
	t.Helper()
	for version := 1; version <= 3; version++ {
		for seed := range uint64(each) {
			t.Run(fmt.Sprintf("v%d/%d", version, seed), func(t *testing.T) {
				test(t, newHistory(t, version, version > 1, seed))
			})
		}
	}
}

// No file with a matching row is ever left out, its deletes are those that apply
// to it, and what is left of the filter decides its rows as the filter does.
func TestPlansOfRandomTables(t *testing.T) {
	histories(t, 4, func(t *testing.T, h *history) {
		t.Helper()
		table := h.table()
		planner := h.planner(scan.Settings{Key: "k", TaskFiles: 1 + h.IntN(8)})
		all := h.ask(planner, table, scan.Request{})
		for range 15 {
			filter := h.filter(3)
			got := h.ask(planner, table, scan.Request{Filter: h.encoded(filter)})
			for _, k := range h.live() {
				switch {
				case !all.files[k.path]:
					t.Fatalf("a plan without a filter lacks %s", k)
				case !got.files[k.path]:
					if h.matches(filter, k) {
						t.Fatalf("%s: %s is missing, with %v", h.encoded(filter), k, k.rows)
					}
					continue
				}
				if diff := cmp.Diff(h.deletesOf(k), got.deletes[k.path]); diff != "" {
					t.Fatalf("%s: deletes of %s: %s", h.encoded(filter), k, diff)
				}
				if diff := cmp.Diff(h.partitionAnswer(k), got.partitions[k.path]); diff != "" {
					t.Fatalf("partition of %s: %s", k, diff)
				}
				residual := h.decoded(got.residuals[k.path])
				for _, row := range k.rows {
					if !hasNaN(row) && h.holds(filter, row, false) != h.holds(residual, row, false) {
						t.Fatalf("%s: residual %s of %s decides %v otherwise", h.encoded(filter), h.encoded(residual), k, row)
					}
				}
			}
		}
		if len(all.files) != len(h.live()) {
			t.Errorf("%d files, %d are live", len(all.files), len(h.live()))
		}
	})
}

// SP6: an increment is what was appended after its start up to its end, whatever
// became of it since: merged, rewritten, deleted.
func TestIncrementsOfRandomTables(t *testing.T) {
	histories(t, 3, func(t *testing.T, h *history) {
		t.Helper()
		table := h.table()
		planner := h.planner(scan.Settings{Key: "k", TaskFiles: 3})
		for from := range h.snapshots {
			to := from + h.IntN(len(h.snapshots)-from)
			want := map[string]bool{}
			for _, m := range h.snapshots[from+1 : to+1] {
				for _, k := range m.appended {
					want[k.path] = true
				}
			}
			start, end := h.snapshots[from].id, h.snapshots[to].id
			got := h.ask(planner, table, scan.Request{StartSnapshotID: &start, EndSnapshotID: &end})
			if diff := cmp.Diff(want, got.files); diff != "" {
				t.Fatalf("after %d up to %d: %s", start, end, diff)
			}
		}
	})
}

// A snapshot is planned as it was.
func TestTimeTravelOfRandomTables(t *testing.T) {
	histories(t, 3, func(t *testing.T, h *history) {
		t.Helper()
		table := h.table()
		planner := h.planner(scan.Settings{Key: "k"})
		for _, m := range h.snapshots {
			want := map[string]bool{}
			for _, k := range m.live {
				want[k.path] = true
			}
			if diff := cmp.Diff(want, h.ask(planner, table, scan.Request{SnapshotID: &m.id}).files); diff != "" {
				t.Fatalf("snapshot %d: %s", m.id, diff)
			}
		}
	})
}

// The values of a partition are written as those of its column, though the table
// has that column no more.
func TestPartitionsOfADroppedColumn(t *testing.T) {
	h := newHistory(t, 2, true, 1)
	h.columns = []field{{ID: 1, Name: "id", Required: true, Type: "long"}, {ID: 90, Name: "gone", Type: "date"}}
	h.lastColumn = 90
	h.addSchema()
	h.addSpec([]map[string]any{{"name": "p1900", "source-id": 90, "field-id": 1900, "transform": "identity"}})
	h.change("append")
	h.addSpec(nil)
	h.columns = h.columns[:1]
	h.addSchema()
	h.change("append")
	got := h.ask(h.planner(scan.Settings{Key: "k"}), h.table(), scan.Request{})
	for _, k := range h.live() {
		if diff := cmp.Diff(h.partitionAnswer(k), got.partitions[k.path]); diff != "" {
			t.Errorf("partition of %s: %s", k, diff)
		}
	}
}

// Metadata whose snapshots descend from themselves is refused, not followed.
func TestSnapshotsInACircle(t *testing.T) {
	f := regions(t).finish()
	f.table.Metadata = bytes.Replace(f.table.Metadata, []byte(`"snapshot-id":1,"schema-id"`), []byte(`"snapshot-id":1,"parent-snapshot-id":1,"schema-id"`), 1)
	f.table.Metadata = bytes.Replace(f.table.Metadata, []byte(`"append"`), []byte(`"replace"`), 1)
	start, end := int64(7), int64(1)
	if err := f.planner.Plan(t.Context(), &bytes.Buffer{}, f.table, scan.Request{StartSnapshotID: &start, EndSnapshotID: &end}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// A plan of what has been expired since is a plan that is not there any more.
func TestPlansOfWhatIsGone(t *testing.T) {
	h := newHistory(t, 2, false, 3)
	settings := scan.Settings{Key: "k", TaskFiles: 1}
	start, end := int64(1), h.snapshots[len(h.snapshots)-1].id
	var out bytes.Buffer
	h.must(h.planner(settings).Plan(t.Context(), &out, h.table(), scan.Request{StartSnapshotID: &start, EndSnapshotID: &end}))
	task := decode(t, out.Bytes()).Tasks[0]
	for name, kept := range map[string][]moment{
		"a snapshot in between": slices.Delete(slices.Clone(h.snapshots), 2, 3),
		"the last snapshot":     h.snapshots[:1],
	} {
		h.snapshots = kept
		table := h.table()
		table.MetadataLocation += name
		if err := h.planner(settings).Tasks(t.Context(), &bytes.Buffer{}, table, task); !fault.Is(err, fault.NoSuchPlanTask) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
