package reports

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// meaning is what a name in a report counts.
type meaning struct {
	name    string
	counter metric.Float64Counter
	kind    string
}

// The names are those of Java's ScanMetrics and CommitMetrics, and of the
// specification's example where it has others.

func (t *tables) scanMeanings() []meaning {
	return []meaning{
		{"result-data-files", t.scanFiles, "result_data"},
		{"result-delete-files", t.scanFiles, "result_delete"},
		{"skipped-data-files", t.scanFiles, "skipped_data"},
		{"skipped-delete-files", t.scanFiles, "skipped_delete"},
		{"indexed-delete-files", t.scanFiles, "indexed_delete"},
		{"equality-delete-files", t.scanFiles, "equality_delete"},
		{"positional-delete-files", t.scanFiles, "positional_delete"},
		{"dvs", t.scanFiles, "deletion_vector"},
		{"total-data-manifests", t.scanManifests, "total_data"},
		{"total-delete-manifests", t.scanManifests, "total_delete"},
		{"scanned-data-manifests", t.scanManifests, "scanned_data"},
		{"scanned-delete-manifests", t.scanManifests, "scanned_delete"},
		{"skipped-data-manifests", t.scanManifests, "skipped_data"},
		{"skipped-delete-manifests", t.scanManifests, "skipped_delete"},
		{"total-file-size-in-bytes", t.scanSize, "data"},
		{"total-file-size-bytes", t.scanSize, "data"},
		{"total-delete-file-size-in-bytes", t.scanSize, "delete"},
		{"total-delete-file-size-bytes", t.scanSize, "delete"},
	}
}

func (t *tables) commitMeanings() []meaning {
	return []meaning{
		{"attempts", t.attempts, "commit"},
		{"added-data-files", t.commitFiles, "added_data"},
		{"removed-data-files", t.commitFiles, "removed_data"},
		{"added-delete-files", t.commitFiles, "added_delete"},
		{"removed-delete-files", t.commitFiles, "removed_delete"},
		{"added-dvs", t.commitFiles, "added_deletion_vector"},
		{"removed-dvs", t.commitFiles, "removed_deletion_vector"},
		{"added-files-size-bytes", t.commitSize, "added"},
		{"removed-files-size-bytes", t.commitSize, "removed"},
		{"added-records", t.records, "added"},
		{"removed-records", t.records, "removed"},
		{"added-positional-deletes", t.deletes, "added_positional"},
		{"removed-positional-deletes", t.deletes, "removed_positional"},
		{"added-equality-deletes", t.deletes, "added_equality"},
		{"removed-equality-deletes", t.deletes, "removed_equality"},
		{"manifests-created", t.commitManifests, "created"},
		{"manifests-replaced", t.commitManifests, "replaced"},
		{"manifests-kept", t.commitManifests, "kept"},
	}
}

// standing tells what the table is after the commit.
func (t *tables) standing(ctx context.Context, table metric.MeasurementOption, metrics map[string]catalog.Metric) {
	for _, s := range []struct {
		name  string
		gauge metric.Float64Gauge
		kind  string
	}{
		{"total-records", t.tableRecords, "all"},
		{"total-data-files", t.tableFiles, "data"},
		{"total-delete-files", t.tableFiles, "delete"},
		{"total-files-size-bytes", t.tableSize, "all"},
	} {
		if found, told := metrics[s.name]; told && !found.Timer {
			s.gauge.Record(ctx, found.Value, table, metric.WithAttributes(attribute.String("kind", s.kind)))
		}
	}
}
