package scan

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
)

// file is an entry of a manifest.
type file struct {
	status    iceberg.ManifestEntryStatus
	snapshot  int64
	sequence  int64
	content   iceberg.ManifestEntryContent
	path      string
	format    string
	spec      int
	partition []value
	records   int64
	bytes     int64
	key       []byte
	splits    []int64
	sortOrder *int
	firstRow  *int64
	equality  []int
	// referenced is the one data file that position deletes are of; "" for any.
	referenced     string
	offset, length *int64
	columns        []columnStats
}

// columnStats are a column's statistics in one file; what is not known is -1, or nil.
type columnStats struct {
	id                         int
	bytes, values, nulls, nans int64
	low, high                  []byte
}

type fileList []*file

func (l fileList) size() int {
	size := 64
	for _, f := range l {
		size += f.size()
	}
	return size
}

func (f *file) size() int {
	size := 400 + len(f.path) + len(f.referenced) + 40*len(f.partition) + 8*len(f.splits)
	for _, c := range f.columns {
		size += 96 + len(c.low) + len(c.high)
	}
	return size
}

// span is what the file's statistics say of a column.
func (f *file) span(c column) span {
	i, found := slices.BinarySearchFunc(f.columns, c.id, func(s columnStats, id int) int { return cmp.Compare(s.id, id) })
	if !found {
		return span{}
	}
	stats := f.columns[i]
	s := span{nulls: shareOf(stats.nulls, stats.values), nans: shareOf(stats.nans, stats.values)}
	s.low, s.hasLow = c.bound(stats.low)
	s.high, s.hasHigh = c.bound(stats.high)
	return s
}

func shareOf(some, all int64) share {
	switch {
	case some == 0:
		return noneOf
	case some < 0:
		return unknownShare
	case some == all:
		return allOf
	default:
		return someOf
	}
}

func fileOf(entry iceberg.ManifestEntry, spec partitionSpec) *file {
	d := entry.DataFile()
	f := &file{
		status: entry.Status(), snapshot: entry.SnapshotID(), sequence: entry.SequenceNum(),
		content: d.ContentType(), path: d.FilePath(), format: strings.ToLower(string(d.FileFormat())),
		spec: spec.id, records: d.Count(), bytes: d.FileSizeBytes(), key: d.KeyMetadata(), splits: d.SplitOffsets(),
		sortOrder: d.SortOrderID(), firstRow: d.FirstRowID(), equality: d.EqualityFieldIDs(),
		offset: d.ContentOffset(), length: d.ContentSizeInBytes(), columns: statsOf(d),
	}
	partition := d.Partition()
	for _, field := range spec.fields {
		f.partition = append(f.partition, field.to.partitionValue(partition[field.id]))
	}
	if f.content == iceberg.EntryContentPosDeletes {
		f.referenced = referencedFile(d)
	}
	return f
}

// pathColumn is the reserved id of the path in files of position deletes.
const pathColumn = 2147483546

// referencedFile is the one file that position deletes are of: as they say, or
// because the bounds of their paths are one.
func referencedFile(d iceberg.DataFile) string {
	if path := d.ReferencedDataFile(); path != nil {
		return *path
	}
	low, ok := d.LowerBoundValues()[pathColumn]
	if !ok || !bytes.Equal(low, d.UpperBoundValues()[pathColumn]) {
		return ""
	}
	return string(low)
}

// statsOf are a file's statistics by column.
func statsOf(d iceberg.DataFile) []columnStats {
	byID := map[int]*columnStats{}
	at := func(id int) *columnStats {
		s := byID[id]
		if s == nil {
			s = &columnStats{id: id, bytes: -1, values: -1, nulls: -1, nans: -1}
			byID[id] = s
		}
		return s
	}
	for id, n := range d.ColumnSizes() {
		at(id).bytes = n
	}
	for id, n := range d.ValueCounts() {
		at(id).values = n
	}
	for id, n := range d.NullValueCounts() {
		at(id).nulls = n
	}
	for id, n := range d.NaNValueCounts() {
		at(id).nans = n
	}
	for id, b := range d.LowerBoundValues() {
		at(id).low = b
	}
	for id, b := range d.UpperBoundValues() {
		at(id).high = b
	}
	stats := make([]columnStats, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		stats = append(stats, *byID[id])
	}
	return stats
}
