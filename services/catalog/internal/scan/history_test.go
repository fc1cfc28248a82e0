package scan_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
)

// history is a table with a random past: schemas and partition specs that
// evolved, appends, merges, deletes of files and of rows, in format version 1, 2
// or 3. What is in each of its files is known, without there being any.
type history struct {
	*rand.Rand

	t       *testing.T
	folder  string
	version int
	// equality says that there may be equality deletes.
	equality bool

	columns    []field
	lastColumn int
	schemas    []string
	specs      []iceberg.PartitionSpec
	sequence   int64
	manifests  []listed
	snapshots  []moment
}

// field is a column: its values are literals of one type, which may be promoted.
type field struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Type     string `json:"type"`
}

// known is a data or delete file of which everything is known.
type known struct {
	path      string
	content   iceberg.ManifestEntryContent
	vector    bool
	of        string
	spec      int
	partition map[int]any
	rows      []map[int]iceberg.Literal
	sequence  int64
	snapshot  int64
	data      iceberg.DataFile
}

// member is an entry of a manifest.
type member struct {
	*known

	status iceberg.ManifestEntryStatus
}

// listed is a manifest of the current list, with what is in it.
type listed struct {
	file    iceberg.ManifestFile
	spec    int
	members []member
}

// moment is a snapshot, with the files that it appended and those that were live.
type moment struct {
	text     string
	id       int64
	schema   int
	appended []*known
	live     []*known
}

func newHistory(t *testing.T, version int, equality bool, seed uint64) *history {
	t.Helper()
	h := &history{Rand: rand.New(rand.NewPCG(seed, 7)), t: t, folder: t.TempDir(), version: version, equality: equality}
	for i, kind := range []string{"int", "string", "double", "date", "timestamp", "long"} {
		h.columns = append(h.columns, field{ID: i + 1, Name: "c" + kind, Required: i == 0, Type: kind})
	}
	h.lastColumn = len(h.columns)
	h.addSchema()
	h.evolveSpec()
	h.change("append")
	for range 14 {
		h.step()
	}
	return h
}

func (h *history) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *history) chance(of float64) bool { return h.Float64() < of }

func pick[T any](h *history, from ...T) T { return from[h.IntN(len(from))] }

// step does one thing that tables go through.
func (h *history) step() {
	switch h.IntN(8) {
	case 0:
		h.evolveSchema()
	case 1:
		h.evolveSpec()
	case 2:
		h.change("merge")
	case 3:
		h.change(pick(h, "replace", "delete"))
	case 4, 5:
		if h.version > 1 {
			h.change("rows")
		}
	default:
		h.change("append")
	}
}

func (h *history) addSchema() {
	text, err := json.Marshal(map[string]any{"type": "struct", "schema-id": len(h.schemas), "fields": h.columns})
	h.must(err)
	h.schemas = append(h.schemas, string(text))
}

// evolveSchema renames, drops, adds or promotes a column. A column that files are
// partitioned by now stays, one that they once were may go.
func (h *history) evolveSchema() {
	h.columns = slices.Clone(h.columns)
	i := 1 + h.IntN(len(h.columns)-1)
	switch c := &h.columns[i]; h.IntN(6) {
	case 0:
		c.Name = fmt.Sprintf("renamed%d", len(h.schemas))
	case 1, 2, 3:
		if len(h.columns) > 4 && !h.partitionedBy(c.ID) {
			h.columns = slices.Delete(h.columns, i, i+1)
		}
	case 4:
		h.columns[0].Type = "long"
	default:
		h.lastColumn++
		h.columns = append(h.columns, field{ID: h.lastColumn, Name: fmt.Sprintf("added%d", h.lastColumn), Type: pick(h, "string", "long", "date")})
	}
	h.addSchema()
}

func (h *history) spec() *iceberg.PartitionSpec { return &h.specs[len(h.specs)-1] }

func (h *history) partitionedBy(id int) bool {
	for _, f := range h.spec().Fields() {
		if slices.Contains(f.SourceIDs, id) {
			return true
		}
	}
	return false
}

var transforms = map[string][]string{
	"int": {"identity", "bucket[4]", "truncate[10]"}, "long": {"identity", "bucket[4]", "truncate[10]"},
	"string": {"identity", "bucket[3]", "truncate[1]", "truncate[2]"}, "double": {"identity"},
	"date": {"identity", "year", "month", "day", "bucket[3]"}, "timestamp": {"year", "month", "day", "hour", "bucket[3]"},
}

// evolveSpec partitions by other columns from now on. In format version 1 fields
// are numbered by their place, so those that go leave a void.
func (h *history) evolveSpec() {
	var fields []map[string]any
	next := 1000
	for _, spec := range h.specs {
		for _, f := range spec.Fields() {
			next = max(next, f.FieldID+1)
		}
	}
	if h.version == 1 && len(h.specs) > 0 {
		for _, f := range h.spec().Fields() {
			fields = append(fields, map[string]any{"name": f.Name, "source-id": f.SourceIDs[0], "field-id": f.FieldID, "transform": "void"})
		}
	}
	for _, i := range h.Perm(len(h.columns))[:h.IntN(3)] {
		c := h.columns[i]
		fields = append(fields, map[string]any{"name": fmt.Sprint("p", next), "source-id": c.ID, "field-id": next, "transform": pick(h, transforms[c.Type]...)})
		next++
	}
	h.addSpec(fields)
}

func (h *history) addSpec(fields []map[string]any) {
	text, err := json.Marshal(map[string]any{"spec-id": len(h.specs), "fields": append([]map[string]any{}, fields...)})
	h.must(err)
	var spec iceberg.PartitionSpec
	h.must(json.Unmarshal(text, &spec))
	h.specs = append(h.specs, spec)
}

func (h *history) live() []*known {
	var live []*known
	for _, m := range h.manifests {
		for _, k := range m.members {
			if k.content == iceberg.EntryContentData && k.status != iceberg.EntryStatusDELETED {
				live = append(live, k.known)
			}
		}
	}
	return live
}

// change makes a snapshot.
func (h *history) change(kind string) {
	if live := h.live(); kind != "append" && kind != "merge" && len(live) == 0 {
		return
	}
	h.sequence++
	m := moment{id: int64(len(h.snapshots) + 1), schema: len(h.schemas) - 1}
	operation := "append"
	switch kind {
	case "append", "merge":
		m.appended = h.append(kind == "merge")
	case "rows":
		operation = "overwrite"
		if h.chance(0.5) {
			h.append(false)
		}
		added := make([]member, 1+h.IntN(2))
		spec := 0
		for i := range added {
			for added[i].known == nil || (i > 0 && added[i].spec != spec) {
				added[i] = member{h.newDeletion(), iceberg.EntryStatusADDED}
			}
			spec = added[i].spec
		}
		h.write(spec, iceberg.ManifestContentDeletes, added)
	default:
		if operation = "replace"; kind == "delete" {
			operation = "delete"
		}
		h.rewrite(kind == "delete")
	}
	m.live = h.live()
	m.text = h.list(operation)
	h.snapshots = append(h.snapshots, m)
}

// append adds a manifest of new files, with all there were of its spec if merged.
func (h *history) append(merged bool) []*known {
	added := make([]*known, 1+h.IntN(4))
	var members []member
	for i := range added {
		k := h.newData()
		added[i] = k
		members = append(members, member{k, iceberg.EntryStatusADDED})
	}
	if merged {
		members = append(members, h.take(len(h.specs)-1)...)
	}
	h.write(len(h.specs)-1, iceberg.ManifestContentData, members)
	return added
}

// take takes the data manifests of a spec out of the list, and its live entries along.
func (h *history) take(spec int) []member {
	var members []member
	h.manifests = slices.DeleteFunc(h.manifests, func(l listed) bool {
		if l.spec != spec || l.file.ManifestContent() != iceberg.ManifestContentData {
			return false
		}
		for _, m := range l.members {
			if m.status != iceberg.EntryStatusDELETED {
				members = append(members, member{m.known, iceberg.EntryStatusEXISTING})
			}
		}
		return true
	})
	return members
}

// rewrite puts what is live of one spec into one manifest, one file of it deleted.
func (h *history) rewrite(deleting bool) {
	spec := pick(h, h.live()...).spec
	members := h.take(spec)
	if deleting {
		members[h.IntN(len(members))].status = iceberg.EntryStatusDELETED
	}
	h.write(spec, iceberg.ManifestContentData, members)
}
