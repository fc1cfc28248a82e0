package iceberg

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// sampleNow is the time at which tests commit.
var sampleNow = time.UnixMilli(1_795_300_000_123)

// sampleDocument is a document of format v2 as Spark writes it.
func sampleDocument(snapshots, columns int) []byte {
	var b strings.Builder
	start := sampleNow.UnixMilli() - int64(snapshots+1)*1000
	fmt.Fprintf(&b, `{"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"s3://bucket/db/table",`+
		`"last-sequence-number":%d,"last-updated-ms":%d,"last-column-id":%d,"current-schema-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":[`,
		snapshots, start+int64(snapshots)*1000, columns)
	for i := range columns {
		fmt.Fprintf(&b, `%s{"id":%d,"name":"column_%d","required":false,"type":"string","doc":"what column %d <holds>"}`, comma(i), i+1, i+1, i+1)
	}
	b.WriteString(`]}],"default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":[]}],"last-partition-id":999,` +
		`"default-sort-order-id":0,"sort-orders":[{"order-id":0,"fields":[]}],"properties":{"owner":"spark","write.parquet.compression-codec":"zstd"},`)
	if snapshots > 0 {
		fmt.Fprintf(&b, `"current-snapshot-id":%d,"refs":{"main":{"snapshot-id":%d,"type":"branch"}},`, sampleID(snapshots), sampleID(snapshots))
	} else {
		b.WriteString(`"current-snapshot-id":-1,"refs":{},`)
	}
	b.WriteString(`"snapshots":[`)
	for i := range snapshots {
		b.WriteString(comma(i))
		b.WriteString(sampleSnapshot(i+1, start+int64(i)*1000))
	}
	b.WriteString(`],"statistics":[],"partition-statistics":[],"snapshot-log":[`)
	for i := range snapshots {
		fmt.Fprintf(&b, `%s{"timestamp-ms":%d,"snapshot-id":%d}`, comma(i), start+int64(i)*1000, sampleID(i+1))
	}
	b.WriteString(`],"metadata-log":[`)
	for i := range min(snapshots, 100) {
		fmt.Fprintf(&b, `%s{"timestamp-ms":%d,"metadata-file":"s3://bucket/db/table/metadata/%05d-0d94a2a8-0a3f-4b9e-8f5c-7a1d3c5e9b11.metadata.json"}`,
			comma(i), start+int64(i)*1000, i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// sampleID is that of the n-th snapshot, beyond what a float64 can tell apart.
func sampleID(n int) int64 { return 3_055_729_675_574_597_004 + int64(n) }

func sampleSnapshot(n int, timestamp int64) string {
	parent := ""
	if n > 1 {
		parent = fmt.Sprintf(`"parent-snapshot-id":%d,`, sampleID(n-1))
	}
	return fmt.Sprintf(`{"sequence-number":%d,"snapshot-id":%d,%s"timestamp-ms":%d,"summary":{"operation":"append",`+
		`"spark.app.id":"application_1700000000000_%04d","added-data-files":"4","added-records":"100000","added-files-size":"12345678",`+
		`"changed-partition-count":"1","total-records":"%d","total-files-size":"%d","total-data-files":"%d","total-delete-files":"0",`+
		`"total-position-deletes":"0","total-equality-deletes":"0","engine-version":"3.5.1","engine-name":"spark",`+
		`"iceberg-version":"Apache Iceberg 1.12.0 (commit 2a4aeb2)"},`+
		`"manifest-list":"s3://bucket/db/table/metadata/snap-%d-1-0d94a2a8-0a3f-4b9e-8f5c-7a1d3c5e9b11.avro","schema-id":0}`,
		n, sampleID(n), parent, timestamp, n%10_000, n*100_000, n*12_345_678, n*4, sampleID(n))
}

// sampleAppend is what an engine sends to append to sampleDocument(snapshots, …).
func sampleAppend(snapshots int) (requirements, updates []byte) {
	requirements = fmt.Appendf(nil, `[{"type":"assert-table-uuid","uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1"},`+
		`{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":%d}]`, sampleID(snapshots))
	updates = fmt.Appendf(nil, `[{"action":"add-snapshot","snapshot":%s},`+
		`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%d}]`,
		sampleSnapshot(snapshots+1, sampleNow.UnixMilli()), sampleID(snapshots+1))
	return requirements, updates
}

// sampleCommit does what a commit does with an already parsed base.
func sampleCommit(tb testing.TB, base *TableMetadata, requirements, updates []byte) *TableMetadata {
	tb.Helper()
	asserted, err := DecodeRequirements(requirements)
	if err != nil {
		tb.Fatal(err)
	}
	if err := asserted.Check(base); err != nil {
		tb.Fatal(err)
	}
	changes, err := DecodeUpdates(updates)
	if err != nil {
		tb.Fatal(err)
	}
	next, err := changes.Apply(base, Application{Now: sampleNow, PreviousLocation: "s3://bucket/db/table/metadata/v.metadata.json"})
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

func parsed(tb testing.TB, doc []byte) *TableMetadata {
	tb.Helper()
	m, err := ParseTableMetadata(doc)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}
