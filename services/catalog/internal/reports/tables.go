package reports

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// DefaultTables is how many tables the metrics tell apart when nothing is said.
const DefaultTables = 100

// others is the name of all tables for which there is no room, in place of
// warehouse, namespace and table: no warehouse can have it.
const others = "(other)"

// durationBounds are those of the histograms of planning and commits, in seconds.
var durationBounds = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// tables tell, by table, what reports say. The first tables that are reported of
// have series of their own for as long as the process lives.
type tables struct {
	limit int
	mu    sync.Mutex
	names map[name]attribute.Set

	scans, commits                      metric.Int64Counter
	scanDuration, commitDuration        metric.Float64Histogram
	scanFiles, scanManifests, scanSize  metric.Float64Counter
	attempts, commitFiles, commitSize   metric.Float64Counter
	records, deletes, commitManifests   metric.Float64Counter
	tableRecords, tableFiles, tableSize metric.Float64Gauge
}

type name struct{ warehouse, namespace, table string }

func newTables(meter metric.Meter, limit int) (*tables, error) {
	if limit <= 0 {
		limit = DefaultTables
	}
	t := &tables{limit: limit, names: map[name]attribute.Set{}}
	i := telemetry.NewInstruments(meter)
	t.ofScans(i)
	t.ofCommits(i)
	t.ofTables(i)
	return t, i.Err()
}

func (t *tables) ofScans(i *telemetry.Instruments) {
	t.scans = i.Int64Counter("igloo.table.scans", "{scan}", "Scans that engines reported.")
	t.scanDuration = i.Float64Histogram("igloo.table.scan.planning.duration", "s", "How long engines took to plan scans.", durationBounds)
	t.scanFiles = i.Float64Counter("igloo.table.scan.files", "{file}", "Files that scans came by, by what they were to them.")
	t.scanManifests = i.Float64Counter("igloo.table.scan.manifests", "{manifest}", "Manifests that scans came by, by what they were to them.")
	t.scanSize = i.Float64Counter("igloo.table.scan.size", "By", "Bytes of the files that scans had to read.")
}

func (t *tables) ofCommits(i *telemetry.Instruments) {
	t.commits = i.Int64Counter("igloo.table.commits", "{commit}", "Commits that engines reported, by their operation.")
	t.commitDuration = i.Float64Histogram("igloo.table.commit.duration", "s", "How long commits took, for the engine.", durationBounds)
	t.attempts = i.Float64Counter("igloo.table.commit.attempts", "{attempt}", "Attempts that commits took, for the engine.")
	t.commitFiles = i.Float64Counter("igloo.table.commit.files", "{file}", "Files that commits added and removed.")
	t.commitSize = i.Float64Counter("igloo.table.commit.size", "By", "Bytes of the files that commits added and removed.")
	t.records = i.Float64Counter("igloo.table.commit.records", "{record}", "Records that commits added and removed.")
	t.deletes = i.Float64Counter("igloo.table.commit.deletes", "{delete}", "Deletes that commits added and removed, by position and by equality.")
	t.commitManifests = i.Float64Counter("igloo.table.commit.manifests", "{manifest}", "Manifests that commits made, replaced and kept.")
}

func (t *tables) ofTables(i *telemetry.Instruments) {
	t.tableRecords = i.Float64Gauge("igloo.table.records", "{record}", "Records in a table after the last commit that was reported.")
	t.tableFiles = i.Float64Gauge("igloo.table.files", "{file}", "Files of a table after the last commit that was reported.")
	t.tableSize = i.Float64Gauge("igloo.table.size", "By", "Bytes of a table's files after the last commit that was reported.")
}

// of is a table's name as metrics have it; false where it shares one with others.
func (t *tables) of(r catalog.Report) (attribute.Set, bool) {
	n := name{r.Warehouse, strings.Join(r.Table.Namespace, "."), r.Table.Name}
	t.mu.Lock()
	defer t.mu.Unlock()
	if set, known := t.names[n]; known {
		return set, true
	}
	if len(t.names) >= t.limit {
		return attributes(name{others, others, others}), false
	}
	set := attributes(n)
	t.names[n] = set
	return set, true
}

func attributes(n name) attribute.Set {
	return attribute.NewSet(attribute.String("warehouse", n.warehouse), attribute.String("namespace", n.namespace), attribute.String("table", n.table))
}

// tell turns a report into metrics. Names that are not known tell nothing.
func (t *tables) tell(ctx context.Context, r catalog.Report) {
	set, alone := t.of(r)
	table := metric.WithAttributeSet(set)
	switch r.Type {
	case catalog.ScanReport:
		t.scans.Add(ctx, 1, table)
		t.add(ctx, table, r.Metrics, t.scanMeanings())
		record(ctx, t.scanDuration, table, r.Metrics["total-planning-duration"])
	case catalog.CommitReport:
		t.commits.Add(ctx, 1, table, metric.WithAttributes(attribute.String("operation", operationOf(r))))
		t.add(ctx, table, r.Metrics, t.commitMeanings())
		if alone { // what several tables are is not told by the last of them
			t.standing(ctx, table, r.Metrics)
		}
		record(ctx, t.commitDuration, table, r.Metrics["total-duration"])
	}
}

func (t *tables) add(ctx context.Context, table metric.MeasurementOption, metrics map[string]catalog.Metric, meanings []meaning) {
	for _, m := range meanings {
		if found, told := metrics[m.name]; told && !found.Timer {
			m.counter.Add(ctx, found.Value, table, metric.WithAttributes(attribute.String("kind", m.kind)))
		}
	}
}

func record(ctx context.Context, duration metric.Float64Histogram, table metric.MeasurementOption, m catalog.Metric) {
	if m.Timer {
		duration.Record(ctx, m.Duration.Seconds(), table)
	}
}

// operationOf is what a commit did, of those things that the format has.
func operationOf(r catalog.Report) string {
	switch r.Operation {
	case "append", "replace", "overwrite", "delete":
		return r.Operation
	default:
		return "other"
	}
}
