package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// listOf writes a manifest list of snapshot id: one manifest of so many data files
// in the partition a = "x", whose ids count from 0.
func (w *world) listOf(t *testing.T, id int64, files int) string {
	t.Helper()
	var tableSchema iceberg.Schema
	check(t, json.Unmarshal([]byte(schema), &tableSchema))
	var spec iceberg.PartitionSpec
	check(t, json.Unmarshal([]byte(`{"spec-id":0,"fields":[{"name":"data","transform":"identity","source-id":2,"field-id":1000}]}`), &spec))
	var manifest, list bytes.Buffer
	writer, err := iceberg.NewManifestWriter(2, &manifest, spec, &tableSchema, id)
	check(t, err)
	for i := range files {
		b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, fmt.Sprintf("file:///data/%d-%d.parquet", id, i), iceberg.ParquetFile,
			map[int]any{1000: "x"}, nil, nil, 1, 100)
		check(t, err)
		bound := map[int][]byte{1: {byte(i), byte(i >> 8), byte(i >> 16), 0, 0, 0, 0, 0}}
		b.ValueCounts(map[int]int64{1: 1}).NullValueCounts(map[int]int64{1: 0}).LowerBoundValues(bound).UpperBoundValues(bound)
		check(t, writer.Add(iceberg.NewManifestEntryBuilder(iceberg.EntryStatusADDED, &id, b.Build()).Build()))
	}
	check(t, writer.Close())
	path := filepath.Join(w.folder, fmt.Sprintf("m%d.avro", id))
	file, err := writer.ToManifestFile("file://"+path, int64(manifest.Len()))
	check(t, err)
	check(t, os.WriteFile(path, manifest.Bytes(), 0o600))
	check(t, iceberg.WriteManifestList(2, &list, id, nil, &id, 0, []iceberg.ManifestFile{file}))
	path = filepath.Join(w.folder, fmt.Sprintf("l%d.avro", id))
	check(t, os.WriteFile(path, list.Bytes(), 0o600))
	return "file://" + path
}

// withFiles makes a world whose table n.t, partitioned by data, has so many files.
func withFiles(t *testing.T, files int, settings scan.Settings) *world {
	t.Helper()
	settings.Key = "a key of the tests"
	w := newWorld(t, planningWith(t, settings))
	w.must(t, "POST", "/v1/namespaces", `{"namespace":["n"]}`)
	w.must(t, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`,"partition-spec":{"fields":[{"name":"data","transform":"identity","source-id":2}]}}`)
	counted := fmt.Sprintf(`{"operation":"append","total-data-files":"%d"}`, files)
	w.must(t, "POST", table, strings.Replace(appends(1, 0, w.listOf(t, 1, files)), `{"operation":"append"}`, counted, 1))
	return w
}

// The protocol's rules by their ids: SP, scan planning. That no file is lost is
// shown where planning is.
func TestRulesOfPlans(t *testing.T) {
	const lessThan3 = `{"filter":{"type":"lt","term":"id","value":3},"stats-fields":["id"]}`
	t.Run("SP1 each answer has the deletes it refers to", func(t *testing.T) {
		w := withFiles(t, 5, scan.Settings{})
		for _, task := range tasksOf(t, w.must(t, "POST", planned+"/plan", `{}`)) {
			if task["delete-file-references"] != nil {
				t.Errorf("deletes of a table without any: %v", task)
			}
		}
	})
	t.Run("SP2 partitions by position, bounds for whom they were asked", func(t *testing.T) {
		w := withFiles(t, 5, scan.Settings{})
		got := tasksOf(t, w.must(t, "POST", planned+"/plan", lessThan3))
		if len(got) != 3 {
			t.Fatalf("%d files, want 3", len(got))
		}
		file := at(got[0], "data-file")
		if !cmp.Equal(at(file, "partition"), any([]any{"x"})) || !cmp.Equal(at(file, "lower-bounds"), any(map[string]any{"keys": []any{1.0}, "values": []any{0.0}})) {
			t.Errorf("%v", file)
		}
		if file := at(tasksOf(t, w.must(t, "POST", planned+"/plan", `{}`))[0], "data-file"); at(file, "lower-bounds") != nil {
			t.Errorf("not asked for: %v", file)
		}
	})
	t.Run("SP3 filters in the new spelling and the old one", func(t *testing.T) {
		w := withFiles(t, 5, scan.Settings{})
		for filter, files := range map[string]int{
			`true`: 5, `false`: 0, `{"type":"true"}`: 5,
			`{"type":"lt","term":"id","value":3}`:                                                               3,
			`{"type":"lt","left":{"type":"reference","name":"id"},"right":{"type":"literal","value":3}}`:        3,
			`{"type":"is-null","child":{"type":"reference","name":"data"}}`:                                     0,
			`{"type":"not","child":{"type":"in","term":"id","values":[1,2]}}`:                                   5,
			`{"type":"and","left":{"type":"gt","term":"id","value":1},"right":{"type":"not-null","term":"id"}}`: 3,
		} {
			if got := len(tasksOf(t, w.must(t, "POST", planned+"/plan", `{"filter":`+filter+`}`))); got != files {
				t.Errorf("%s: %d files, want %d", filter, got, files)
			}
		}
		w.refused(t, 406, "UnsupportedOperationException", "POST", planned+"/plan", `{"filter":{"type":"eq","child":{"type":"apply","function":"f"},"value":1}}`)
	})
	t.Run("SP4 a plan of a snapshot that is gone", func(t *testing.T) {
		w := withFiles(t, 5, scan.Settings{SubmitFiles: 5})
		id := submitted(t, w)
		w.must(t, "GET", planned+"/plan/"+id, "")
		w.must(t, "POST", table, appends(2, 1, w.listOf(t, 2, 1)))
		if got := len(tasksOf(t, w.must(t, "GET", planned+"/plan/"+id, ""))); got != 5 {
			t.Errorf("%d files of the snapshot that was planned, want 5", got)
		}
		w.must(t, "POST", table, `{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`)
		w.refused(t, 404, "NoSuchPlanIdException", "GET", planned+"/plan/"+id, "")
	})
	t.Run("SP5 another replica serves the plan, until it is cancelled", func(t *testing.T) {
		w := withFiles(t, 5, scan.Settings{SubmitFiles: 5})
		id := submitted(t, w)
		second := w.replica(t, planningWith(t, scan.Settings{Key: "a key of the tests"}))
		if got := len(tasksOf(t, second.must(t, "GET", planned+"/plan/"+id, ""))); got != 5 {
			t.Errorf("%d files, want 5", got)
		}
		second.must(t, "DELETE", planned+"/plan/"+id, "")
		if got := second.must(t, "GET", planned+"/plan/"+id, ""); got["status"] != "cancelled" || got["plan-id"] != nil {
			t.Errorf("%v", got)
		}
	})
	t.Run("SP6 an increment begins behind its start", func(t *testing.T) {
		w := withFiles(t, 5, scan.Settings{})
		w.must(t, "POST", table, appends(2, 1, w.listOf(t, 2, 1)))
		for ends, files := range map[string]int{`"start-snapshot-id":1,"end-snapshot-id":2`: 1, `"start-snapshot-id":2,"end-snapshot-id":2`: 0, `"snapshot-id":1`: 5} {
			if got := len(tasksOf(t, w.must(t, "POST", planned+"/plan", `{`+ends+`}`))); got != files {
				t.Errorf("%s: %d files, want %d", ends, got, files)
			}
		}
		w.refused(t, 400, "BadRequestException", "POST", planned+"/plan", `{"snapshot-id":1,"start-snapshot-id":1,"end-snapshot-id":2}`)
	})
}

func tasksOf(t *testing.T, plan map[string]any) []map[string]any {
	t.Helper()
	if plan["status"] != "completed" {
		t.Fatalf("%v", plan)
	}
	list, _ := plan["file-scan-tasks"].([]any)
	tasks := make([]map[string]any, 0, len(list))
	for _, task := range list {
		tasks = append(tasks, task.(map[string]any))
	}
	return tasks
}

// submitted is the id of a plan whose answer is to be fetched.
func submitted(t *testing.T, w *world) string {
	t.Helper()
	answer := w.must(t, "POST", planned+"/plan", `{}`)
	if answer["status"] != "submitted" || text(answer, "plan-id") == "" || answer["file-scan-tasks"] != nil {
		t.Fatalf("%v", answer)
	}
	return text(answer, "plan-id")
}

// Answers of planning come compressed as others do, though they are streamed.
func TestPlansAreCompressed(t *testing.T) {
	w := withFiles(t, 3000, scan.Settings{TaskFiles: 10_000})
	plain := w.do(t, "POST", planned+"/plan", `{"snapshot-id":1}`)
	for accepted, coding := range map[string]string{"gzip": "gzip", "zstd": "zstd", "identity": "", "br": ""} {
		for range 3 { // the second is by a compressor that was used before
			r := w.do(t, "POST", planned+"/plan", `{"snapshot-id":1}`, "Accept-Encoding", accepted)
			body := r.decoded(t)
			if r.header.Get("Content-Encoding") != coding || r.header.Get("Vary") != "Accept-Encoding" || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %v", accepted, r.header)
			}
			if from := strings.Index(body, `"file-scan-tasks"`); from < 0 || !strings.HasSuffix(string(plain.body), body[from:]) {
				t.Errorf("%s: another answer, of %d bytes instead of %d", accepted, len(body), len(plain.body))
			}
			if coding != "" && len(r.body)*4 > len(plain.body) {
				t.Errorf("%s: %d bytes of %d", accepted, len(r.body), len(plain.body))
			}
		}
	}
	if r := w.do(t, "POST", planned+"/plan", `{"filter":false}`, "Accept-Encoding", "gzip"); r.header.Get("Content-Encoding") != "" {
		t.Errorf("a small answer: %v", r.header)
	}
	w.refused(t, 400, "BadRequestException", "POST", planned+"/plan", `{"filter":7}`, "Accept-Encoding", "gzip")
}

// An answer that breaks off is no answer: the connection ends before the body does.
func TestPlanThatBreaksOff(t *testing.T) {
	w := withFiles(t, 3000, scan.Settings{TaskFiles: 10_000})
	manifest := filepath.Join(w.folder, "m1.avro")
	data, err := os.ReadFile(manifest)
	check(t, err)
	copy(data[len(data)*3/4:], make([]byte, 100))
	check(t, os.WriteFile(manifest, data, 0o600))
	for _, accepted := range []string{"identity", "gzip", "zstd"} {
		if r, err := w.try(t, "POST", planned+"/plan", `{}`, "Accept-Encoding", accepted); err == nil && r.status == 200 {
			t.Errorf("%s: an answer of %d bytes", accepted, len(r.body))
		}
	}
}
