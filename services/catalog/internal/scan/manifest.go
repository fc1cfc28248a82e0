package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

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
func (p *Planner) read(ctx context.Context, warehouse, location string) ([]byte, error) {
	data, err := p.files.In(warehouse).Read(ctx, location)
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

func (p *Planner) manifests(ctx context.Context, warehouse, location string) (manifestList, error) {
	if location == "" {
		return nil, fault.New(fault.Unsupported, "the snapshot has no manifest list, as old tables of format v1 may; it can be planned by clients alone")
	}
	return cached(ctx, p.cache, "list:"+warehouse+":"+location, func(ctx context.Context) (manifestList, error) {
		data, err := p.read(ctx, warehouse, location)
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

// listed are the manifests of a scan: those of its snapshot, or those that each
// append of an increment brought. Of these the last snapshot's list would not do:
// what was merged, rewritten or deleted since is in it as something else.
// Source: Java's BaseIncrementalAppendScan.
func (p *Planner) listed(ctx context.Context, s *scan) (manifestList, error) {
	if s.added == nil {
		return p.manifests(ctx, s.table.warehouse, s.snapshot.ManifestList)
	}
	var all manifestList
	for _, at := range s.appends {
		list, err := p.manifests(ctx, s.table.warehouse, at.ManifestList)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if m.SnapshotID() == at.ID && m.ManifestContent() == iceberg.ManifestContentData {
				all = append(all, manifest{m.ManifestFile, len(all)})
			}
		}
	}
	return all, nil
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

// entries yields the files of a manifest: from memory, else as they are read.
func (p *Planner) entries(ctx context.Context, warehouse string, m manifest, spec partitionSpec) iter.Seq2[*file, error] {
	key := fmt.Sprintf("manifest:%s:%d:%s", warehouse, spec.id, m.FilePath())
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
		for f, err := range p.readEntries(ctx, warehouse, m, spec) {
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

func (p *Planner) readEntries(ctx context.Context, warehouse string, m manifest, spec partitionSpec) iter.Seq2[*file, error] {
	return func(yield func(*file, error) bool) {
		data, err := p.read(ctx, warehouse, m.FilePath())
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
