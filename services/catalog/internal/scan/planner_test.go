package scan_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

// memory is storage for manifests that tests write.
type memory struct {
	objectstore.Store // nothing else is asked of it

	mutex sync.Mutex
	data  map[string][]byte
}

func (m *memory) In(string) objectstore.Store { return m }

func (m *memory) Read(ctx context.Context, location string) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	data, ok := m.data[location]
	if !ok {
		return nil, objectstore.ErrNotFound
	}
	return data, ctx.Err()
}

const columns = `[
	{"id":1,"name":"id","required":true,"type":"long"},
	{"id":2,"name":"region","required":false,"type":"string"},
	{"id":3,"name":"price","required":false,"type":"double"},
	{"id":4,"name":"day","required":false,"type":"date"}]`

// fixture is a table whose manifests are real, written by iceberg-go.
type fixture struct {
	t       *testing.T
	files   *memory
	schema  *iceberg.Schema
	specs   []string
	spec    iceberg.PartitionSpec
	list    []iceberg.ManifestFile
	table   scan.Table
	planner *scan.Planner
}

func newFixture(t *testing.T, spec string) *fixture {
	t.Helper()
	f := &fixture{t: t, files: &memory{data: map[string][]byte{}}, schema: &iceberg.Schema{}, specs: []string{spec}}
	f.must(json.Unmarshal([]byte(`{"type":"struct","schema-id":0,"fields":`+columns+`}`), f.schema))
	f.must(json.Unmarshal([]byte(spec), &f.spec))
	f.planner = f.open(scan.Settings{Key: "a key of the tests"})
	return f
}

func (f *fixture) open(settings scan.Settings) *scan.Planner {
	f.t.Helper()
	p, err := scan.New(f.files, settings, slog.New(slog.DiscardHandler))
	f.must(err)
	return p
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// row is a data or delete file to be.
type row struct {
	path      string
	content   iceberg.ManifestEntryContent
	format    iceberg.FileFormat
	partition map[int]any
	low, high int64
	equality  []int
	of        string
	sequence  int64
}

func long(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

func (f *fixture) entry(r row) iceberg.ManifestEntry {
	f.t.Helper()
	if r.format == "" {
		r.format = iceberg.ParquetFile
	}
	b, err := iceberg.NewDataFileBuilder(f.spec, r.content, r.path, r.format, r.partition, nil, nil, 10, 1000)
	f.must(err)
	b.SplitOffsets([]int64{4}).ValueCounts(map[int]int64{1: 10}).NullValueCounts(map[int]int64{1: 0}).
		LowerBoundValues(map[int][]byte{1: long(r.low)}).UpperBoundValues(map[int][]byte{1: long(r.high)})
	if r.equality != nil {
		b.EqualityFieldIDs(r.equality)
	}
	if r.of != "" {
		b.ReferencedDataFile(r.of)
	}
	if r.format == iceberg.PuffinFile {
		b.ContentOffset(4).ContentSizeInBytes(40)
	}
	id := int64(1)
	return iceberg.NewManifestEntryBuilder(iceberg.EntryStatusADDED, &id, b.Build()).SequenceNum(r.sequence).FileSequenceNum(r.sequence).Build()
}

// manifest writes a manifest of data or of deletes.
func (f *fixture) manifest(content iceberg.ManifestContent, rows ...row) {
	f.t.Helper()
	var out bytes.Buffer
	w, err := iceberg.NewManifestWriter(3, &out, f.spec, f.schema, 1, iceberg.WithManifestWriterContent(content))
	f.must(err)
	for _, r := range rows {
		f.must(w.Add(f.entry(r)))
	}
	f.must(w.Close())
	path := fmt.Sprintf("mem:/manifest-%d.avro", len(f.list))
	m, err := w.ToManifestFile(path, int64(out.Len()), iceberg.WithManifestFileContent(content))
	f.must(err)
	f.files.data[path] = out.Bytes()
	f.list = append(f.list, m)
}

// finish writes the manifest list and the metadata.
func (f *fixture) finish() *fixture {
	f.t.Helper()
	var out bytes.Buffer
	sequence := int64(5)
	f.must(iceberg.WriteManifestList(3, &out, 1, nil, &sequence, 0, f.list))
	f.files.data["mem:/list.avro"] = out.Bytes()
	f.table = scan.Table{Warehouse: "w", MetadataLocation: "mem:/" + f.t.Name(), Metadata: []byte(`{"format-version":3,"table-uuid":"u-1","location":"mem:/t",
		"current-schema-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":` + columns + `}],
		"partition-specs":[` + strings.Join(f.specs, ",") + `],"current-snapshot-id":1,
		"snapshots":[{"snapshot-id":1,"schema-id":0,"manifest-list":"mem:/list.avro","summary":{"operation":"append","total-data-files":"9"}}]}`)}
	return f
}

// result is any answer.
type result struct {
	Status string
	PlanID string   `json:"plan-id"`
	Tasks  []string `json:"plan-tasks"`
	Files  []struct {
		Data struct {
			Path      string `json:"file-path"`
			Partition []any
			Lower     *struct {
				Keys   []int
				Values []any
			} `json:"lower-bounds"`
		} `json:"data-file"`
		Deletes  []int           `json:"delete-file-references"`
		Residual json.RawMessage `json:"residual-filter"`
	} `json:"file-scan-tasks"`
	Deletes []struct {
		Content string
		Path    string `json:"file-path"`
	} `json:"delete-files"`
}

func (r result) paths() []string {
	paths := make([]string, 0, len(r.Files))
	for _, f := range r.Files {
		paths = append(paths, f.Data.Path)
	}
	slices.Sort(paths)
	return paths
}

func decode(t *testing.T, data []byte) result {
	t.Helper()
	var r result
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return r
}

func (f *fixture) plan(request scan.Request) result {
	f.t.Helper()
	var out bytes.Buffer
	f.must(f.planner.Plan(f.t.Context(), &out, f.table, request))
	return decode(f.t, out.Bytes())
}

func (f *fixture) filtered(filter string) result {
	f.t.Helper()
	return f.plan(scan.Request{Filter: json.RawMessage(filter)})
}

const (
	unpartitioned = `{"spec-id":0,"fields":[]}`
	byRegion      = `{"spec-id":0,"fields":[{"name":"region","transform":"identity","source-id":2,"field-id":1000}]}`
)

func regions(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, byRegion)
	f.manifest(iceberg.ManifestContentData,
		row{path: "eu", partition: map[int]any{1000: "eu"}, low: 0, high: 9, sequence: 1},
		row{path: "us", partition: map[int]any{1000: "us"}, low: 10, high: 19, sequence: 1},
		row{path: "null", partition: map[int]any{1000: nil}, low: 20, high: 29, sequence: 1})
	return f
}

func TestFilters(t *testing.T) {
	f := regions(t).finish()
	for filter, want := range map[string]string{
		`true`:  "eu null us",
		`false`: "",
		`{"type":"eq","term":"region","value":"eu"}`:                                                                        "eu",
		`{"type":"eq","left":{"type":"reference","name":"region"},"right":"eu"}`:                                            "eu",
		`{"type":"eq","left":{"type":"literal","value":"eu"},"right":{"type":"reference","id":2}}`:                          "eu",
		`{"type":"gt","left":15,"right":{"type":"reference","name":"id"}}`:                                                  "eu us",
		`{"type":"not","child":{"type":"eq","term":"region","value":"eu"}}`:                                                 "null us",
		`{"type":"is-null","child":{"type":"reference","name":"region"}}`:                                                   "null",
		`{"type":"not-null","term":"region"}`:                                                                               "eu us",
		`{"type":"in","term":"region","values":["eu","us"]}`:                                                                "eu us",
		`{"type":"in","child":{"type":"reference","id":1},"values":{"type":"literals","data-type":"long","values":[5,25]}}`: "eu null",
		`{"type":"starts-with","term":"region","value":"e"}`:                                                                "eu",
		`{"type":"not-starts-with","term":"region","value":"e"}`:                                                            "null us",
		`{"type":"lt","term":"id","value":10}`:                                                                              "eu",
		`{"type":"lt-eq","term":"id","value":10}`:                                                                           "eu us",
		`{"type":"or","left":{"type":"gt-eq","term":"id","value":29},"right":{"type":"eq","term":"region","value":"us"}}`:   "null us",
		`{"type":"and","left":{"type":"gt-eq","term":"id","value":5},"right":{"type":"eq","term":"region","value":"us"}}`:   "us",
		`{"type":"eq","term":{"type":"transform","transform":"bucket[4]","term":"id"},"value":2}`:                           "eu null us",
		`{"type":"eq","term":"id","value":9223372036854775807}`:                                                             "",
		`{"type":"in","term":"id","values":[]}`:                                                                             "",
	} {
		if got := strings.Join(f.filtered(filter).paths(), " "); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
}

func TestResiduals(t *testing.T) {
	f := regions(t).finish()
	got := f.filtered(`{"type":"and","left":{"type":"eq","term":"region","value":"eu"},"right":{"type":"lt","term":"id","value":5}}`)
	if len(got.Files) != 1 || string(got.Files[0].Residual) != `{"type":"lt","term":"id","value":5}` {
		t.Errorf("%+v", got)
	}
	if got := f.filtered(`{"type":"eq","term":"region","value":"eu"}`); string(got.Files[0].Residual) != "true" {
		t.Errorf("%+v", got)
	}
}

func TestBadRequests(t *testing.T) {
	f := regions(t).finish()
	one, two := int64(1), int64(2)
	for name, request := range map[string]scan.Request{
		"unknown snapshot": {SnapshotID: &two},
		"both":             {SnapshotID: &one, StartSnapshotID: &one, EndSnapshotID: &one},
		"start alone":      {StartSnapshotID: &one},
		"unrelated start":  {StartSnapshotID: &two, EndSnapshotID: &one},
		"unknown select":   {Select: []string{"nope"}},
		"unknown stats":    {StatsFields: []string{"nope"}},
		"case":             {Select: []string{"ID"}},
		"unknown column":   {Filter: json.RawMessage(`{"type":"is-null","term":"nope"}`)},
		"unknown id":       {Filter: json.RawMessage(`{"type":"is-null","child":{"type":"reference","id":99}}`)},
		"unknown operator": {Filter: json.RawMessage(`{"type":"like","term":"id","value":1}`)},
		"not an object":    {Filter: json.RawMessage(`7`)},
		"wrong literal":    {Filter: json.RawMessage(`{"type":"eq","term":"id","value":"x"}`)},
		"null literal":     {Filter: json.RawMessage(`{"type":"eq","term":"id","value":null}`)},
		"no literal":       {Filter: json.RawMessage(`{"type":"eq","term":"id"}`)},
		"no column":        {Filter: json.RawMessage(`{"type":"eq","value":1}`)},
		"not a float":      {Filter: json.RawMessage(`{"type":"is-nan","term":"id"}`)},
		"term and child":   {Filter: json.RawMessage(`{"type":"is-null","term":"id","child":{"type":"reference","name":"id"}}`)},
		"one side":         {Filter: json.RawMessage(`{"type":"and","left":true}`)},
		"too deep":         {Filter: json.RawMessage(strings.Repeat(`{"type":"not","child":`, 300) + "true" + strings.Repeat("}", 300))},
	} {
		var out bytes.Buffer
		if err := f.planner.Plan(t.Context(), &out, f.table, request); fault.KindOf(err) != fault.Invalid || out.Len() > 0 {
			t.Errorf("%s: %v, %s", name, err, out.Bytes())
		}
	}
	apply := scan.Request{Filter: json.RawMessage(`{"type":"is-null","child":{"type":"apply","function":"f","arguments":[]}}`)}
	if err := f.planner.Plan(t.Context(), &bytes.Buffer{}, f.table, apply); !fault.Is(err, fault.Unsupported) {
		t.Error(err)
	}
	if got := f.plan(scan.Request{Select: []string{"ID"}, CaseInsensitive: true}); len(got.Files) != 3 {
		t.Errorf("%+v", got)
	}
}

func TestDeletes(t *testing.T) {
	f := newFixture(t, byRegion)
	eu, us := map[int]any{1000: "eu"}, map[int]any{1000: "us"}
	f.manifest(iceberg.ManifestContentData,
		row{path: "eu", partition: eu, sequence: 2}, row{path: "us", partition: us, sequence: 2}, row{path: "vector", partition: us, sequence: 2})
	f.manifest(iceberg.ManifestContentDeletes,
		row{path: "position", content: iceberg.EntryContentPosDeletes, partition: eu, sequence: 2},
		row{path: "older", content: iceberg.EntryContentPosDeletes, partition: eu, sequence: 1},
		row{path: "equality", content: iceberg.EntryContentEqDeletes, partition: us, equality: []int{1}, sequence: 3},
		row{path: "same age", content: iceberg.EntryContentEqDeletes, partition: us, equality: []int{1}, sequence: 2},
		row{path: "of another", content: iceberg.EntryContentPosDeletes, partition: eu, of: "nobody", sequence: 3},
		row{path: "positions of vector", content: iceberg.EntryContentPosDeletes, partition: us, of: "vector", sequence: 3},
		row{path: "dv", content: iceberg.EntryContentPosDeletes, format: iceberg.PuffinFile, partition: us, of: "vector", sequence: 4})
	got := f.finish().plan(scan.Request{})
	for _, task := range got.Files {
		names := make([]string, 0, len(task.Deletes))
		for _, i := range task.Deletes {
			names = append(names, got.Deletes[i].Path)
		}
		slices.Sort(names)
		want := map[string]string{"eu": "position", "us": "equality", "vector": "dv equality"}[task.Data.Path]
		if s := strings.Join(names, " "); s != want {
			t.Errorf("%s: %q, want %q", task.Data.Path, s, want)
		}
	}
}

func TestStatisticsAreOfWhatWasAsked(t *testing.T) {
	f := regions(t).finish()
	if got := f.plan(scan.Request{}); got.Files[0].Data.Lower != nil {
		t.Errorf("%+v", got.Files[0])
	}
	got := f.plan(scan.Request{StatsFields: []string{"id"}}).Files[0].Data
	if got.Lower == nil || !slices.Equal(got.Lower.Keys, []int{1}) || got.Lower.Values[0] != 0.0 || got.Partition[0] != "eu" {
		t.Errorf("%+v", got)
	}
}

func TestTasksAreServedByAnyReplicaOfTheKey(t *testing.T) {
	f := newFixture(t, unpartitioned)
	for i := range 5 {
		f.manifest(iceberg.ManifestContentData, row{path: fmt.Sprint("a", i), low: int64(i), high: int64(i), sequence: 1}, row{path: fmt.Sprint("b", i), low: 50, high: 60, sequence: 1})
	}
	f.finish()
	f.planner = f.open(scan.Settings{Key: "a key of the tests", TaskFiles: 3})
	request := scan.Request{Filter: json.RawMessage(`{"type":"lt","term":"id","value":4}`)}
	planned := f.plan(request)
	if planned.Status != "completed" || len(planned.Tasks) < 2 || len(planned.Files) != 0 {
		t.Fatalf("%+v", planned)
	}
	replica := f.open(scan.Settings{Key: "a key of the tests"})
	paths := make([]string, 0, 10)
	for _, task := range planned.Tasks {
		var out bytes.Buffer
		f.must(replica.Tasks(t.Context(), &out, f.table, task))
		paths = append(paths, decode(t, out.Bytes()).paths()...)
	}
	if slices.Sort(paths); strings.Join(paths, " ") != "a0 a1 a2 a3" {
		t.Error(paths)
	}
	task := planned.Tasks[0]
	other := f.table
	other.MetadataLocation, other.Metadata = "mem:/other", bytes.Replace(f.table.Metadata, []byte("u-1"), []byte("u-2"), 1)
	for name, refused := range map[string]func() error{
		"of another table": func() error { return replica.Tasks(t.Context(), &bytes.Buffer{}, other, task) },
		"forged":           func() error { return replica.Tasks(t.Context(), &bytes.Buffer{}, f.table, "A"+task[1:]+"x") },
		"a plan's id":      func() error { return replica.Tasks(t.Context(), &bytes.Buffer{}, f.table, planned.PlanID) },
		"of another key": func() error {
			return f.open(scan.Settings{Key: "another key"}).Tasks(t.Context(), &bytes.Buffer{}, f.table, task)
		},
		"cancelled": func() error {
			f.must(f.planner.Cancel(t.Context(), f.table, planned.PlanID))
			return f.planner.Tasks(t.Context(), &bytes.Buffer{}, f.table, task)
		},
	} {
		if err := refused(); !fault.Is(err, fault.NoSuchPlanTask) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSubmittedPlansSurviveTheReplica(t *testing.T) {
	f := regions(t).finish()
	f.planner = f.open(scan.Settings{Key: "a key of the tests", SubmitFiles: 1})
	submitted := f.filtered(`{"type":"eq","term":"region","value":"us"}`)
	if submitted.Status != "submitted" || submitted.PlanID == "" || len(submitted.Files) > 0 {
		t.Fatalf("%+v", submitted)
	}
	replica := f.open(scan.Settings{Key: "a key of the tests"})
	fetch := func() result {
		var out bytes.Buffer
		f.must(replica.Fetch(t.Context(), &out, f.table, submitted.PlanID))
		return decode(t, out.Bytes())
	}
	if got := fetch(); got.Status != "completed" || strings.Join(got.paths(), " ") != "us" {
		t.Errorf("%+v", got)
	}
	f.must(replica.Cancel(t.Context(), f.table, submitted.PlanID))
	if got := fetch(); got.Status != "cancelled" {
		t.Errorf("%+v", got)
	}
	if err := replica.Fetch(t.Context(), &bytes.Buffer{}, f.table, "nonsense"); !fault.Is(err, fault.NoSuchPlan) {
		t.Error(err)
	}
}

// TestNoFileIsMissed compares the plans of random filters with each file's own
// partition and bounds.
func TestNoFileIsMissed(t *testing.T) {
	f := newFixture(t, `{"spec-id":0,"fields":[{"name":"b","transform":"bucket[7]","source-id":1,"field-id":1000},{"name":"tr","transform":"truncate[10]","source-id":1,"field-id":1001}]}`)
	random := rand.New(rand.NewPCG(1, 2))
	values := map[string]int64{}
	rows := make([]row, 0, 200)
	for i := range 200 {
		v := random.Int64N(400) - 200
		path := fmt.Sprint("f", i)
		values[path] = v
		bucket := iceberg.BucketTransform{NumBuckets: 7}.Apply(iceberg.Optional[iceberg.Literal]{Val: iceberg.NewLiteral(v), Valid: true}).Val.Any().(int32)
		truncated := v - ((v%10)+10)%10
		rows = append(rows, row{path: path, partition: map[int]any{1000: bucket, 1001: truncated}, low: v, high: v, sequence: 1})
	}
	f.manifest(iceberg.ManifestContentData, rows...)
	f.finish()
	holds := map[string]func(v, w int64) bool{
		"lt": func(v, w int64) bool { return v < w }, "lt-eq": func(v, w int64) bool { return v <= w },
		"gt": func(v, w int64) bool { return v > w }, "gt-eq": func(v, w int64) bool { return v >= w },
		"eq": func(v, w int64) bool { return v == w }, "not-eq": func(v, w int64) bool { return v != w },
	}
	for range 60 {
		for op, holds := range holds {
			w := random.Int64N(420) - 210
			got := f.filtered(fmt.Sprintf(`{"type":%q,"term":"id","value":%d}`, op, w))
			var want []string
			for path, v := range values {
				if holds(v, w) {
					want = append(want, path)
				}
			}
			paths := got.paths()
			for _, path := range want {
				if !slices.Contains(paths, path) {
					t.Fatalf("%s %d: %s with %d is missing", op, w, path, values[path])
				}
			}
			for _, file := range got.Files {
				if string(file.Residual) == "true" && !holds(values[file.Data.Path], w) {
					t.Fatalf("%s %d: nothing is left to check in %s with %d", op, w, file.Data.Path, values[file.Data.Path])
				}
			}
			if op != "not-eq" && len(paths) != len(want) {
				t.Errorf("%s %d: %d files, want %d", op, w, len(paths), len(want))
			}
		}
	}
}

func TestPlansAtOnceAreBounded(t *testing.T) {
	f := regions(t).finish()
	f.planner = f.open(scan.Settings{Key: "a key of the tests", Concurrency: 1})
	inside, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() { done <- f.planner.Plan(t.Context(), blocking{inside, release}, f.table, scan.Request{}) }()
	<-inside
	if err := f.planner.Plan(t.Context(), &bytes.Buffer{}, f.table, scan.Request{}); !fault.Is(err, fault.Overloaded) {
		t.Error(err)
	}
	close(release)
	f.must(<-done)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fresh := f.open(scan.Settings{})
	if err := fresh.Plan(ctx, &bytes.Buffer{}, f.table, scan.Request{}); err == nil {
		t.Error("planned for nobody")
	}
}

// blocking is a client that does not read.
type blocking struct{ inside, release chan struct{} }

func (b blocking) Write(p []byte) (int, error) {
	close(b.inside)
	<-b.release
	return len(p), nil
}
