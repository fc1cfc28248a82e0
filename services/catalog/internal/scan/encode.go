package scan

import (
	"io"
	"slices"
	"strconv"

	"github.com/apache/iceberg-go"
)

// chunk is how much of an answer is gathered before it is written.
const chunk = 64 << 10

// encoder writes an answer as it comes to be: whatever goes first, then the
// tasks, and the delete files that they referred to at the end.
type encoder struct {
	w       io.Writer
	b       []byte
	scan    *scan
	tasks   int
	deletes []*file
	index   map[*file]int
}

func newEncoder(w io.Writer, s *scan) *encoder {
	return &encoder{w: w, scan: s, index: map[*file]int{}, b: []byte{'{'}}
}

// text writes a member that is a string.
func (e *encoder) text(name, value string) {
	e.name(name)
	e.b = appendString(e.b, value)
}

func (e *encoder) name(name string) {
	if last := e.b[len(e.b)-1]; last != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
}

// task writes a data file with what applies to it.
func (e *encoder) task(f *file, spec partitionSpec, applied []*file, residual *expression) error {
	if e.tasks == 0 {
		e.name("file-scan-tasks")
		e.b = append(e.b, '[')
	} else {
		e.b = append(e.b, ',')
	}
	e.tasks++
	e.b = append(e.b, `{"data-file":`...)
	e.b = e.appendFile(e.b, f, spec)
	for i, d := range applied {
		if i == 0 {
			e.b = append(e.b, `,"delete-file-references":[`...)
		} else {
			e.b = append(e.b, ',')
		}
		e.b = strconv.AppendInt(e.b, int64(e.reference(d)), 10)
	}
	if len(applied) > 0 {
		e.b = append(e.b, ']')
	}
	if e.scan.filtered {
		e.b = residual.appendTo(append(e.b, `,"residual-filter":`...))
	}
	e.b = append(e.b, '}')
	if len(e.b) < chunk {
		return nil
	}
	return e.flush()
}

// reference is a delete file's place in the answer.
func (e *encoder) reference(d *file) int {
	i, known := e.index[d]
	if !known {
		i = len(e.deletes)
		e.index[d] = i
		e.deletes = append(e.deletes, d)
	}
	return i
}

func (e *encoder) flush() error {
	_, err := e.w.Write(e.b)
	e.b = e.b[:0]
	return err
}

// end closes the tasks and writes the delete files.
func (e *encoder) end() error {
	if e.tasks > 0 {
		e.b = append(e.b, ']')
	}
	if e.tasks == 0 {
		e.name("file-scan-tasks")
		e.b = append(e.b, `[]`...)
	}
	for i, d := range e.deletes {
		if i == 0 {
			e.b = append(e.b, `,"delete-files":[`...)
		} else {
			e.b = append(e.b, ',')
		}
		e.b = e.appendFile(e.b, d, e.scan.specs[d.spec])
		if len(e.b) >= chunk {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	if len(e.deletes) > 0 {
		e.b = append(e.b, ']')
	}
	e.b = append(e.b, '}')
	return e.flush()
}

func contentName(c iceberg.ManifestEntryContent) string {
	switch c {
	case iceberg.EntryContentPosDeletes:
		return "position-deletes"
	case iceberg.EntryContentEqDeletes:
		return "equality-deletes"
	default:
		return "data"
	}
}

// appendFile writes a ContentFile of the protocol.
func (e *encoder) appendFile(b []byte, f *file, spec partitionSpec) []byte {
	b = append(append(append(b, `{"content":"`...), contentName(f.content)...), `","file-path":`...)
	b = appendString(b, f.path)
	b = append(append(append(b, `,"file-format":"`...), f.format...), `","spec-id":`...)
	b = append(strconv.AppendInt(b, int64(f.spec), 10), `,"partition":[`...)
	for i, v := range f.partition {
		if i > 0 {
			b = append(b, ',')
		}
		b = spec.fields[i].to.appendValue(b, v)
	}
	b = appendLong(append(b, ']'), "file-size-in-bytes", f.bytes)
	b = appendLong(b, "record-count", f.records)
	if len(f.key) > 0 {
		b = appendHex(append(b, `,"key-metadata":`...), f.key)
	}
	b = appendList(b, "split-offsets", f.splits)
	if f.sortOrder != nil {
		b = appendLong(b, "sort-order-id", int64(*f.sortOrder))
	}
	if f.content == iceberg.EntryContentData {
		return append(e.appendStats(b, f), '}')
	}
	return append(appendDeletion(b, f), '}')
}

// appendDeletion writes what only delete files have.
func appendDeletion(b []byte, f *file) []byte {
	b = appendList(b, "equality-ids", f.equality)
	if f.referenced != "" {
		b = appendString(append(b, `,"referenced-data-file":`...), f.referenced)
	}
	if f.offset != nil {
		b = appendLong(b, "content-offset", *f.offset)
	}
	if f.length != nil {
		b = appendLong(b, "content-size-in-bytes", *f.length)
	}
	return b
}

func appendLong(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(append(append(b, `,"`...), name...), `":`...), n, 10)
}

func appendList[T int | int64](b []byte, name string, list []T) []byte {
	for i, n := range list {
		if i == 0 {
			b = append(append(append(b, `,"`...), name...), `":[`...)
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	if len(list) > 0 {
		b = append(b, ']')
	}
	return b
}

// appendStats writes the statistics of the fields that were asked for.
func (e *encoder) appendStats(b []byte, f *file) []byte {
	if f.firstRow != nil {
		b = appendLong(b, "first-row-id", *f.firstRow)
	}
	asked := slices.DeleteFunc(slices.Clone(f.columns), func(c columnStats) bool { _, ok := e.scan.stats[c.id]; return !ok })
	if len(asked) == 0 {
		return b
	}
	b = appendCounts(b, "column-sizes", asked, func(c columnStats) int64 { return c.bytes })
	b = appendCounts(b, "value-counts", asked, func(c columnStats) int64 { return c.values })
	b = appendCounts(b, "null-value-counts", asked, func(c columnStats) int64 { return c.nulls })
	b = appendCounts(b, "nan-value-counts", asked, func(c columnStats) int64 { return c.nans })
	b = e.appendBounds(b, "lower-bounds", asked, func(c columnStats) []byte { return c.low })
	return e.appendBounds(b, "upper-bounds", asked, func(c columnStats) []byte { return c.high })
}

func appendCounts(b []byte, name string, stats []columnStats, count func(columnStats) int64) []byte {
	known := slices.DeleteFunc(slices.Clone(stats), func(c columnStats) bool { return count(c) < 0 })
	return appendMap(b, name, known, func(b []byte, c columnStats) []byte { return strconv.AppendInt(b, count(c), 10) })
}

func (e *encoder) appendBounds(b []byte, name string, stats []columnStats, bound func(columnStats) []byte) []byte {
	known := slices.DeleteFunc(slices.Clone(stats), func(c columnStats) bool {
		_, ok := e.scan.stats[c.id].bound(bound(c))
		return !ok
	})
	return appendMap(b, name, known, func(b []byte, c columnStats) []byte {
		column := e.scan.stats[c.id]
		v, _ := column.bound(bound(c))
		return column.appendValue(b, v)
	})
}

// appendMap writes a CountMap or ValueMap: keys and values in two arrays.
func appendMap(b []byte, name string, stats []columnStats, value func([]byte, columnStats) []byte) []byte {
	if len(stats) == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":{"keys":[`...)
	for i, c := range stats {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(c.id), 10)
	}
	b = append(b, `],"values":[`...)
	for i, c := range stats {
		if i > 0 {
			b = append(b, ',')
		}
		b = value(b, c)
	}
	return append(b, "]}"...)
}
