package command_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// differs fails where diff shows something else; of its first line, which has the
// files, the part alone is compared.
func (s shell) differs(t *testing.T, want []string, args ...string) {
	t.Helper()
	lines := squeezed(s.lines(t, append([]string{"tables", "diff", "acc.t"}, args...)...))
	if len(lines) > 1 && strings.HasPrefix(lines[1], "metadata changed") {
		lines[1] = "metadata"
	}
	same(t, lines, append([]string{"PART CHANGE NAME FROM TO"}, want...)...)
}

func (s shell) change(t *testing.T, updates string) {
	t.Helper()
	s.post(t, "/v1/namespaces/acc/tables/t", `{"requirements":[],"updates":[`+updates+`]}`)
}

// TestVersionsAreCompared, however they are named.
func TestVersionsAreCompared(t *testing.T) {
	s := withTables(t)
	first := object(t, s.ok(t, "tables", "as-of", "acc.t", "--version", "1", "-o", "json"))
	snapshot2 := []string{"metadata", "snapshot added 2 TIME append", "ref changed main branch 1 branch 2"}
	both := []string{"metadata", "snapshot added 1 TIME append", "snapshot added 2 TIME append", "ref added main branch 2"}
	s.differs(t, snapshot2)
	s.differs(t, snapshot2, "--from", "2", "--to", "3")
	s.differs(t, snapshot2, "--from", "2", "--to", time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	s.differs(t, both, "--from", "1")
	s.differs(t, both, "--from", fmt.Sprint(first["metadata-location"]))
	s.differs(t, []string{"metadata", "snapshot expired 1 TIME append", "snapshot expired 2 TIME append", "ref dropped main branch 2"}, "--from", "3", "--to", "1")
	s.differs(t, nil, "--from", "3")
	if out := s.ok(t, "tables", "diff", "acc.t", "-o", "jsonl"); !strings.Contains(out, `{"part":"ref","change":"changed","name":"main","from":"branch 1","to":"branch 2"}`+"\n") {
		t.Errorf("to programs: %s", out)
	}
	s.refused(t, `"yesterday" is no version`, "tables", "diff", "acc.t", "--from", "yesterday")
	s.refused(t, "tells of none before it", "tables", "diff", "acc.t", "--to", "1")
	s.refused(t, "404", "tables", "diff", "acc.t", "--from", "77")
	s.refused(t, "404", "tables", "diff", "acc.none")
	check(t, os.Remove(strings.TrimPrefix(fmt.Sprint(first["metadata-location"]), "file://")))
	s.refused(t, "from: read metadata: read object: no object at this location", "tables", "diff", "acc.t", "--from", "1")
}

// TestDifferencesAreTold, of every part.
func TestDifferencesAreTold(t *testing.T) {
	s := withTables(t)
	s.change(t, `{"action":"add-schema","last-column-id":7,"schema":{"type":"struct","fields":[
		{"id":5,"name":"new","required":false,"type":{"type":"map","key-id":6,"key":"string","value-id":7,"value":"int","value-required":false}},
		{"id":2,"name":"t","required":false,"type":{"type":"struct","fields":[{"id":3,"name":"l","required":false,"doc":"words",
		"type":{"type":"list","element-id":4,"element":"string","element-required":false}}]}},
		{"id":1,"name":"x","type":"long","required":false,"doc":"an id"}]}},{"action":"set-current-schema","schema-id":-1},
		{"action":"add-spec","spec":{"spec-id":1,"fields":[{"source-id":1,"transform":"bucket[8]","name":"xb8"}]}},{"action":"set-default-spec","spec-id":-1},
		{"action":"add-sort-order","sort-order":{"order-id":1,"fields":[{"source-id":1,"transform":"identity","direction":"asc","null-order":"nulls-first"}]}},
		{"action":"set-default-sort-order","sort-order-id":-1},
		{"action":"set-properties","updates":{"c":"d","e":"f"}},{"action":"remove-properties","removals":["a"]},
		{"action":"upgrade-format-version","format-version":3},
		{"action":"set-snapshot-ref","ref-name":"v1","type":"tag","snapshot-id":1}`)
	s.differs(t, []string{
		"metadata", "format-version changed 2 3", "column added new map<string, int>", "column added new.key string", "column added new.value int",
		"column renamed t s t", "column documented t.l words", "column optional x", "column moved x 1 3",
		"partitioning changed bucket(4, x) bucket(8, x)", "order changed x asc nulls-first",
		"property dropped a b", "property added c d", "property added e f", "ref added v1 tag 1",
	})
	s.change(t, `{"action":"add-schema","last-column-id":7,"schema":{"type":"struct","fields":[
		{"id":1,"name":"x","type":"long","required":false,"doc":"an id"}]}},{"action":"set-current-schema","schema-id":-1},
		{"action":"set-properties","updates":{"c":"g"}}`)
	s.differs(t, []string{
		"metadata", "column dropped new map<string, int>", "column dropped new.key string", "column dropped new.value int",
		"column dropped t struct<l: list<string>>", "column dropped t.l list<string>", "column dropped t.l.element string", "property changed c d g",
	})
}
