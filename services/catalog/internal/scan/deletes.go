package scan

import (
	"context"
	"slices"
	"strconv"

	"github.com/apache/iceberg-go"
)

// deletes are the delete files of a snapshot, by what they may apply to.
// Source: specification, "Scan Planning".
type deletes struct {
	// vectors and byPath apply to one data file.
	vectors, byPath map[string][]*file
	// byPartition are position and equality deletes of a partition of a spec.
	byPartition map[string][]*file
	// global are equality deletes of unpartitioned specs, for every data file.
	global []*file
}

// readDeletes reads the delete manifests that may matter to a filter.
func (p *Planner) readDeletes(ctx context.Context, s *scan, manifests []manifest) (*deletes, error) {
	d := &deletes{vectors: map[string][]*file{}, byPath: map[string][]*file{}, byPartition: map[string][]*file{}}
	for _, m := range manifests {
		spec, err := s.spec(m)
		if err != nil {
			return nil, err
		}
		if !spec.mayMatchSpans(s.filter, m.spans(spec)) {
			continue
		}
		for f, err := range p.entries(ctx, s.table.warehouse, m, spec) {
			if err != nil {
				return nil, err
			}
			if f.status != iceberg.EntryStatusDELETED {
				d.add(f, spec)
			}
		}
	}
	return d, nil
}

func (d *deletes) add(f *file, spec partitionSpec) {
	switch {
	case f.content == iceberg.EntryContentPosDeletes && f.format == "puffin":
		d.vectors[f.referenced] = append(d.vectors[f.referenced], f)
	case f.content == iceberg.EntryContentPosDeletes && f.referenced != "":
		d.byPath[f.referenced] = append(d.byPath[f.referenced], f)
	case f.content == iceberg.EntryContentEqDeletes && !slices.ContainsFunc(spec.fields, partitionField.partitions):
		d.global = append(d.global, f)
	default:
		key := f.partitionKey()
		d.byPartition[key] = append(d.byPartition[key], f)
	}
}

// partitions tells whether the field divides anything.
func (f partitionField) partitions() bool {
	_, void := f.transform.(iceberg.VoidTransform)
	return !void
}

// partitionKey is the file's partition, spec and values.
func (f *file) partitionKey() string {
	key := strconv.AppendInt(nil, int64(f.spec), 10)
	for _, v := range f.partition {
		key = append(key, 0)
		switch x := v.(type) {
		case string:
			key = append(append(strconv.AppendInt(append(key, 's'), int64(len(x)), 10), ':'), x...)
		case interface{ RatString() string }:
			key = append(append(key, 'd'), x.RatString()...)
		default:
			key = column{}.appendValue(append(key, 'v'), v)
		}
	}
	return string(key)
}

// of are the delete files that apply to a data file. Where there is a deletion
// vector, it holds what the files of position deletes do.
func (d *deletes) of(f *file) []*file {
	var found []*file
	partition := d.byPartition[f.partitionKey()]
	for _, group := range [][]*file{d.vectors[f.path], d.byPath[f.path], partition, d.global} {
		for _, candidate := range group {
			if candidate.deletesFrom(f) {
				found = append(found, candidate)
			}
		}
	}
	if len(found) > 0 && found[0].format == "puffin" {
		return slices.DeleteFunc(found, func(c *file) bool {
			return c.content == iceberg.EntryContentPosDeletes && c.format != "puffin"
		})
	}
	return found
}

// deletesFrom compares ages: equality deletes are of what was there before,
// position deletes also of what came with them.
func (f *file) deletesFrom(data *file) bool {
	if f.content == iceberg.EntryContentEqDeletes {
		return f.sequence > data.sequence
	}
	return f.sequence >= data.sequence
}
