package removal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
	"github.com/igloo-catalog/igloo/services/catalog/internal/removal"
	"github.com/igloo-catalog/igloo/services/catalog/internal/replays"
)

const (
	warehouse = "default"
	schema    = `{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":false,"type":"long"}]}`
)

// world is a catalog on a fake house table service and a folder.
type world struct {
	testing.TB

	hts     *htsfake.Fake
	catalog *catalog.Catalog
	root    string
	files   *watched
	overlap bool
	meters  *telemetry.Meters
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, false)
}

// newWorldOf makes one in which tables may lie in one another, or not.
func newWorldOf(t *testing.T, overlap bool) *world {
	t.Helper()
	w := &world{TB: t, root: t.TempDir(), overlap: overlap}
	local, err := objectstore.OpenLocal()
	w.must(err)
	return w.on("file://"+w.root, local)
}

// on is the world with its tables below a root in a store.
func (w *world) on(root string, store objectstore.Store) *world {
	w.Helper()
	w.hts, w.files = htsfake.New(), &watched{Store: store}
	meters, err := telemetry.NewMeters()
	w.must(err)
	w.meters = meters
	pointers := hts.New(w.hts.Conn())
	epoch := replays.Follow(pointers.Epoch)
	w.Cleanup(func() { w.must(epoch.Close()) })
	memory, err := replays.NewMemory(epoch)
	w.must(err)
	w.catalog, err = catalog.New(pointers, w.files, memory, catalog.Settings{
		WarehouseRoot: root, AnyLocation: true, OverlappingLocations: w.overlap, StagedRetention: time.Hour,
	}, w.log())
	w.must(err)
	_, err = w.catalog.CreateNamespace(w.Context(), w.request(), catalog.Namespace{"ns"}, nil)
	w.must(err)
	return w
}

func (w *world) log() *slog.Logger { return slog.New(slog.NewTextHandler(w.Output(), nil)) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) request() catalog.Request { return catalog.Request{Warehouse: warehouse, Kind: "test"} }

// remover starts one, which ends with the test at the latest.
func (w *world) remover(change func(*removal.Settings)) *removal.Remover {
	w.Helper()
	settings := removal.Settings{Meter: w.meters.Meter("test"), DeleteRate: 1 << 20, Lease: time.Minute, RetryDelay: time.Millisecond, Root: w.catalog.WarehouseRoot, OverlappingLocations: w.overlap}
	change(&settings)
	r, err := removal.Start(w.Context(), hts.New(w.hts.Conn()), hts.NewJobs(w.hts.Conn()), w.files, settings, w.log())
	w.must(err)
	w.Cleanup(func() { w.must(r.Close()) })
	return r
}

func purging(s *removal.Settings) { s.PurgeInterval = time.Millisecond }

func name(table string) catalog.TableIdentifier {
	return catalog.TableIdentifier{Namespace: catalog.Namespace{"ns"}, Name: table}
}

// create makes a table and returns the folder it lies in.
func (w *world) create(table, location string, properties map[string]string) string {
	w.Helper()
	loaded, err := w.catalog.CreateTable(w.Context(), w.request(), catalog.TableCreation{
		Identifier: name(table), Schema: json.RawMessage(schema), Location: location, Properties: properties,
	})
	w.must(err)
	var d struct{ Location string }
	w.must(json.Unmarshal(loaded.Metadata, &d))
	return d.Location
}

// commit applies updates to a table.
func (w *world) commit(ctx context.Context, table, updates string) error {
	_, err := w.catalog.UpdateTable(ctx, w.request(), catalog.TableChange{
		Identifier: name(table), Requirements: json.RawMessage(`[]`), Updates: json.RawMessage(updates),
	})
	return err
}

// write writes a file, and returns its location.
func (w *world) write(location string, data []byte) string {
	w.Helper()
	w.must(w.files.Create(w.Context(), location, data))
	return location
}

// append adds a snapshot whose manifests are real, written by iceberg-go.
func (w *world) append(table, folder string, id int64, manifests ...iceberg.ManifestFile) {
	w.Helper()
	var out bytes.Buffer
	w.must(iceberg.WriteManifestList(2, &out, id, nil, &id, 0, manifests))
	list := w.write(fmt.Sprintf("%s/metadata/snap-%d.avro", folder, id), out.Bytes())
	err := w.commit(w.Context(), table, fmt.Sprintf(`[{"action":"add-snapshot","snapshot":{"snapshot-id":%d,"sequence-number":%d,
		"timestamp-ms":%d,"summary":{"operation":"append"},"manifest-list":%q,"schema-id":0}},
		{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%d}]`, id, id, time.Now().UnixMilli()+id, list, id))
	w.must(err)
}

// manifest writes a manifest of files.
func (w *world) manifest(location string, content iceberg.ManifestContent, status iceberg.ManifestEntryStatus, files ...string) iceberg.ManifestFile {
	w.Helper()
	var out bytes.Buffer
	fields := &iceberg.Schema{}
	w.must(json.Unmarshal([]byte(schema), fields))
	writer, err := iceberg.NewManifestWriter(2, &out, *iceberg.UnpartitionedSpec, fields, 1, iceberg.WithManifestWriterContent(content))
	w.must(err)
	kind := iceberg.EntryContentData
	if content == iceberg.ManifestContentDeletes {
		kind = iceberg.EntryContentPosDeletes
	}
	for _, file := range files {
		b, err := iceberg.NewDataFileBuilder(*iceberg.UnpartitionedSpec, kind, file, iceberg.ParquetFile, nil, nil, nil, 10, 1000)
		w.must(err)
		id, sequence := int64(1), int64(1)
		entry := iceberg.NewManifestEntryBuilder(status, &id, b.Build()).SequenceNum(sequence).FileSequenceNum(sequence).Build()
		switch status {
		case iceberg.EntryStatusDELETED:
			w.must(writer.Delete(entry))
		default:
			w.must(writer.Add(entry))
		}
	}
	w.must(writer.Close())
	w.write(location, out.Bytes())
	return iceberg.NewManifestFile(2, location, int64(out.Len()), 0, 1).Content(content).SequenceNum(1, 1).Build()
}

// table makes a table of two snapshots with data, deletes and statistics, and
// returns where it lies.
func (w *world) table(table string, files int) string {
	w.Helper()
	folder := w.create(table, "", nil)
	data := make([]string, 0, files)
	for i := range files {
		data = append(data, w.write(fmt.Sprintf("%s/data/%d.parquet", folder, i), []byte("data")))
	}
	deletes := w.write(folder+"/data/deletes.parquet", []byte("deletes"))
	first := w.manifest(folder+"/metadata/m1.avro", iceberg.ManifestContentData, iceberg.EntryStatusADDED, data...)
	second := w.manifest(folder+"/metadata/m2.avro", iceberg.ManifestContentDeletes, iceberg.EntryStatusADDED, deletes)
	w.append(table, folder, 1, first)
	w.append(table, folder, 2, first, second)
	for _, action := range []string{"set-statistics", "set-partition-statistics"} {
		kind := strings.TrimSuffix(strings.TrimPrefix(action, "set-"), "")
		path := w.write(folder+"/metadata/"+kind, []byte("statistics"))
		body := fmt.Sprintf(`{"snapshot-id":2,"statistics-path":%q,"file-size-in-bytes":10,"file-footer-size-in-bytes":4,"blob-metadata":[]}`, path)
		err := w.commit(w.Context(), table, fmt.Sprintf(`[{"action":%q,"snapshot-id":2,%q:%s}]`, action, kind, body))
		w.must(err)
	}
	return folder
}

func (w *world) purge() error {
	return w.catalog.DropTable(w.Context(), w.request(), name("t"), true)
}

// left are the files below a location, without it.
func (w *world) left(location string) []string {
	w.Helper()
	var found []string
	for object, err := range w.files.List(w.Context(), location+"/") {
		w.must(err)
		found = append(found, strings.TrimPrefix(object.Location, location+"/"))
	}
	slices.Sort(found)
	return found
}

// eventually waits for something to be so.
func (w *world) eventually(what string, is func() bool) {
	w.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-limit:
			w.Fatalf("never: %s; jobs: %q", what, w.hts.Jobs(warehouse))
		}
	}
}

// ended waits until the only job is in a state, and returns its reason.
func (w *world) ended(state string) string {
	w.Helper()
	var reason string
	w.eventually(state, func() bool {
		jobs := w.hts.Jobs(warehouse)
		now, why, _ := strings.Cut(jobs[len(jobs)-1], ": ")
		reason = why
		return now == state
	})
	return reason
}

// age makes a file as old as is wanted.
func (w *world) age(location string, age time.Duration) {
	w.Helper()
	path, err := objectstore.LocalPath(location)
	w.must(err)
	then := time.Now().Add(-age)
	w.must(os.Chtimes(path, then, then))
}

func (w *world) exists(location string) bool {
	_, err := w.files.Stat(w.Context(), location)
	return err == nil
}

// watched is storage that a test can hold up or break at one moment.
type watched struct {
	objectstore.Store

	calls atomic.Int64
	// before is called before every deletion, with its number from 1.
	before atomic.Pointer[func(n int64) error]
	// dead is the warehouse whose storage does not answer, and asked how often it
	// was asked all the same.
	dead  atomic.Pointer[string]
	asked atomic.Int64
}

func (f *watched) In(warehouse string) objectstore.Store {
	if dead := f.dead.Load(); dead != nil && *dead == warehouse {
		return silent{asked: &f.asked}
	}
	return f
}

// silent is storage that does not answer.
type silent struct {
	objectstore.Store

	asked *atomic.Int64
}

var errSilent = fault.New(fault.Unavailable, "the store does not answer")

func (s silent) Read(context.Context, string) ([]byte, error) {
	s.asked.Add(1)
	return nil, errSilent
}

func (s silent) Delete(context.Context, ...string) error {
	s.asked.Add(1)
	return errSilent
}

func (s silent) List(context.Context, string) iter.Seq2[objectstore.Object, error] {
	s.asked.Add(1)
	return func(yield func(objectstore.Object, error) bool) { yield(objectstore.Object{}, errSilent) }
}

func (f *watched) Delete(ctx context.Context, locations ...string) error {
	if before := f.before.Load(); before != nil {
		if err := (*before)(f.calls.Add(1)); err != nil {
			return err
		}
	}
	return f.Store.Delete(ctx, locations...)
}

func (f *watched) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return f.Store.List(ctx, prefix)
}

func base(location string) string { return filepath.Base(location) }

// past are the metadata files that one tells of, and itself.
func (w *world) past(location string) []string {
	w.Helper()
	data, err := catalog.ReadMetadata(w.Context(), w.files, location)
	w.must(err)
	var d struct {
		Log []struct {
			File string `json:"metadata-file"`
		} `json:"metadata-log"`
	}
	w.must(json.Unmarshal(data, &d))
	files := make([]string, 1, 1+len(d.Log))
	files[0] = location
	for _, entry := range d.Log {
		files = append(files, entry.File)
	}
	return files
}

// measured wants a metric to stand at a number.
func (w *world) measured(want float64, metric string, labels ...string) {
	w.Helper()
	if got := telemetrytest.Read(w, telemetry.Scrape(w.meters)).Sum(metric, labels...); got != want {
		w.Errorf("%s%q is %v, want %v", metric, labels, got, want)
	}
}
