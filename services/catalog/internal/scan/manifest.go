package scan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/maypok86/otter/v2"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// sized is what the cache holds: it says how many bytes of memory it takes.
type sized interface{ size() int }

// cached is what load makes, remembered under a key whose meaning never changes.
func cached[T sized](ctx context.Context, cache *otter.Cache[string, sized], key string, load func(context.Context) (T, error)) (T, error) {
	if found, ok := cache.GetIfPresent(key); ok {
		if t, ok := found.(T); ok {
			return t, nil
		}
	}
	loaded, err := load(ctx)
	if err == nil {
		cache.Set(key, loaded)
	}
	return loaded, err
}

// manifest is an entry of a manifest list, with its place in there.
type manifest struct {
	iceberg.ManifestFile

	place int
}

// files is about how many live files it has.
func (m manifest) files() int {
	const unknown = 1000
	added, existing := m.AddedDataFiles(), m.ExistingDataFiles()
	if added < 0 || existing < 0 {
		return unknown
	}
	return int(added) + int(existing)
}

type manifestList []manifest

func (l manifestList) size() int { return 300 * (len(l) + 1) }

// read reads a file that metadata names: that it is missing is not the request's fault.
func (p *Planner) read(ctx context.Context, location string) ([]byte, error) {
	data, err := p.files.Read(ctx, location)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		return nil, fault.Wrap(fault.MissingFile, err, "Failed to open input stream for file: %s", location)
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.TooLarge):
		return nil, fault.Wrap(fault.Unsupported, err, "a manifest of the table cannot be read from here: %s", location)
	case err != nil:
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	return data, nil
}

func (p *Planner) manifests(ctx context.Context, location string) (manifestList, error) {
	if location == "" {
		return nil, fault.New(fault.Unsupported, "the snapshot has no manifest list, as old tables of format v1 may; it can be planned by clients alone")
	}
	return cached(ctx, p.cache, "list:"+location, func(ctx context.Context) (manifestList, error) {
		data, err := p.read(ctx, location)
		if err != nil {
			return nil, err
		}
		files, err := iceberg.ReadManifestList(bytes.NewReader(data))
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "manifest list cannot be read")
		}
		list := make(manifestList, len(files))
		for i, f := range files {
			list[i] = manifest{f, i}
		}
		return list, nil
	})
}

// spans are what the manifest list says of a manifest's partitions.
func (m manifest) spans(spec partitionSpec) []span {
	summaries := m.Partitions()
	if len(summaries) != len(spec.fields) {
		return nil
	}
	spans := make([]span, len(summaries))
	for i, s := range summaries {
		spans[i] = summarySpan(s, spec.fields[i].to)
	}
	return spans
}

func summarySpan(s iceberg.FieldSummary, c column) span {
	found := span{nulls: noneOf, nans: unknownShare}
	if s.ContainsNull {
		found.nulls = someOf
	}
	if s.ContainsNaN != nil {
		found.nans = noneOf
		if *s.ContainsNaN {
			found.nans = someOf
		}
	}
	if s.LowerBound != nil {
		found.low, found.hasLow = c.bound(*s.LowerBound)
	}
	if s.UpperBound != nil {
		found.high, found.hasHigh = c.bound(*s.UpperBound)
	}
	// Bounds are missing where every value is null or NaN.
	if s.ContainsNull && s.LowerBound == nil && s.UpperBound == nil && s.ContainsNaN != nil && !*s.ContainsNaN {
		found.nulls = allOf
	}
	return found
}

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

// entries yields the files of a manifest: from memory, else as they are read.
func (p *Planner) entries(ctx context.Context, m manifest, spec partitionSpec) iter.Seq2[*file, error] {
	key := fmt.Sprintf("manifest:%d:%s", spec.id, m.FilePath())
	return func(yield func(*file, error) bool) {
		if found, ok := p.cache.GetIfPresent(key); ok {
			for _, f := range found.(fileList) { //nolint:forcetypeassert // under this prefix are lists of files
				if !yield(f, nil) {
					return
				}
			}
			return
		}
		keep, kept, whole := fileList{}, 0, true
		for f, err := range p.readEntries(ctx, m, spec) {
			if !yield(f, err) || err != nil {
				return
			}
			if kept += f.size(); whole && kept <= p.settings.maxCached() {
				keep = append(keep, f)
			} else {
				keep, whole = nil, false
			}
		}
		if whole {
			p.cache.Set(key, keep)
		}
	}
}

func (p *Planner) readEntries(ctx context.Context, m manifest, spec partitionSpec) iter.Seq2[*file, error] {
	return func(yield func(*file, error) bool) {
		data, err := p.read(ctx, m.FilePath())
		if err != nil {
			yield(nil, err)
			return
		}
		reader, err := iceberg.NewManifestReader(m.ManifestFile, bytes.NewReader(data))
		if err != nil {
			yield(nil, fault.Wrap(fault.Internal, err, "manifest cannot be read"))
			return
		}
		defer func() { _ = reader.Close() }() // it reads from memory
		for ctx.Err() == nil {
			entry, err := reader.ReadEntry()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, fault.Wrap(fault.Internal, err, "manifest cannot be read"))
				return
			}
			if !yield(fileOf(entry, spec), nil) {
				return
			}
		}
		yield(nil, ctx.Err())
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
