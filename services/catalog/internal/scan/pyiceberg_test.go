package scan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// theirs is a plan by PyIceberg.
type theirs struct {
	Files   map[string][]string
	Refusal string
}

// asked is what PyIceberg is to plan.
type asked struct {
	Metadata string `json:"metadata"`
	Filters  []any  `json:"filters"`
}

// pyiceberg plans with PyIceberg's own planner.
func pyiceberg(t *testing.T, questions []asked) [][]theirs {
	t.Helper()
	interpreter := os.Getenv("IGLOO_PYTHON")
	if interpreter == "" {
		proctest.Absent(t, errors.New("IGLOO_PYTHON names no Python that has PyIceberg"), "test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var input, problems bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, question := range questions {
		if err := encoder.Encode(question); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(ctx, interpreter, "testdata/pyiceberg_plans.py")
	command.Stdin, command.Stderr = &input, &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.Bytes())
	}
	plans := make([][]theirs, len(questions))
	decoder := json.NewDecoder(bytes.NewReader(out))
	for i := range plans {
		if err := decoder.Decode(&plans[i]); err != nil || len(plans[i]) != len(questions[i].Filters) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return plans
}

// PyIceberg plans the same tables from the same files. A file that only one of the
// two plans has no row that matches: neither loses any, and either may see in the
// statistics what the other does not. Ours sees that nothing does not start with
// ""; PyIceberg's that a required column has no nulls, and it compares NaN with
// nothing. Such files are few.
func TestPlansAreThoseOfPyIceberg(t *testing.T) {
	const count = 6
	tables, questions := make([]*history, 0, count), make([]asked, 0, count)
	for seed := range uint64(count) {
		h := newHistory(t, int(seed%3)+1, false, 100+seed)
		question := asked{h.table().MetadataLocation, make([]any, 15)}
		for i := range question.Filters {
			question.Filters[i] = h.filter(3)
		}
		tables, questions = append(tables, h), append(questions, question)
	}
	same, ours, alone := 0, 0, 0
	for i, plans := range pyiceberg(t, questions) {
		planner := tables[i].planner(scan.Settings{Key: "k"})
		for j, their := range plans {
			if their.Refusal != "" { // it compares null partitions with numbers
				t.Logf("PyIceberg has no plan: %s", their.Refusal)
				continue
			}
			tables[i].compare(planner, questions[i].Filters[j], their.Files, &same, &ours, &alone)
		}
	}
	t.Logf("%d files in both plans, %d in ours alone, %d in PyIceberg's alone", same, ours, alone)
	if same < 300 || ours > same/20 || alone > same/20 {
		t.Error("the plans are not alike")
	}
}

// isVectorOfAnother tells of a deletion vector that PyIceberg takes along because
// it is in the file's partition, and that says itself that it is of another file.
func (h *history) isVectorOfAnother(path string, k *known) bool {
	return slices.ContainsFunc(h.manifests, func(l listed) bool {
		return slices.ContainsFunc(l.members, func(m member) bool { return m.path == path && m.vector && m.of != k.path })
	})
}

// compare counts the files of two plans of one filter.
func (h *history) compare(planner *scan.Planner, filter any, their map[string][]string, same, ours, alone *int) {
	h.t.Helper()
	our := h.ask(planner, h.table(), scan.Request{Filter: h.encoded(filter)})
	for _, k := range h.live() {
		deletes, has := their[k.path]
		switch {
		case has && our.files[k.path]:
			*same++
			deletes = slices.DeleteFunc(deletes, func(path string) bool { return h.isVectorOfAnother(path, k) })
			if diff := cmp.Diff(deletes, our.deletes[k.path]); diff != "" {
				h.t.Errorf("%s: deletes of %s: %s", h.encoded(filter), k, diff)
			}
			continue
		case has:
			*alone++
		case our.files[k.path]:
			*ours++
		default:
			continue
		}
		if h.matches(filter, k) {
			h.t.Errorf("%s: only one plan has %s, with %v", h.encoded(filter), k, k.rows)
		}
	}
}
