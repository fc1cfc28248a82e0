package scan_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/iceberg-go"
)

// literal is a random value of a column, of few so that filters hit them; nil for null.
func (h *history) literal(c field) iceberg.Literal {
	if !c.Required && h.chance(0.15) {
		return nil
	}
	switch c.Type {
	case "int":
		return iceberg.NewLiteral(int32(h.IntN(60) - 30))
	case "long":
		return iceberg.NewLiteral(int64(h.IntN(60) - 30))
	case "string":
		return iceberg.NewLiteral(pick(h, "", "a", "ab", "abc", "abd", "b", "ba", "é", "éa", "日本", "🧊"))
	case "double":
		return iceberg.NewLiteral(pick(h, -1.5, 0, 2.5, 7, math.NaN(), math.Inf(1)))
	case "date":
		return iceberg.NewLiteral(iceberg.Date(h.IntN(900) - 100))
	default:
		return iceberg.NewLiteral(iceberg.Timestamp((int64(h.IntN(900*24))-2400)*3_600_000_000 + int64(h.IntN(3))))
	}
}

func (h *history) row() map[int]iceberg.Literal {
	row := map[int]iceberg.Literal{}
	for _, c := range h.columns {
		row[c.ID] = h.literal(c)
	}
	return row
}

// partitionOf is the partition of a row, by iceberg-go's transforms.
func partitionOf(spec *iceberg.PartitionSpec, row map[int]iceberg.Literal) map[int]any {
	partition := map[int]any{}
	for _, f := range spec.Fields() {
		partition[f.FieldID] = nil
		if v := row[f.SourceIDs[0]]; v != nil {
			if to := f.Transform.Apply(iceberg.Optional[iceberg.Literal]{Val: v, Valid: true}); to.Valid {
				partition[f.FieldID] = to.Val.Any()
			}
		}
	}
	return partition
}

// newData is a data file of some rows of one partition.
func (h *history) newData() *known {
	row := h.row()
	k := &known{path: h.path("data", "parquet"), spec: len(h.specs) - 1, partition: partitionOf(h.spec(), row), rows: []map[int]iceberg.Literal{row}}
	for range 4 {
		if row := h.row(); fmt.Sprint(partitionOf(h.spec(), row)) == fmt.Sprint(k.partition) {
			k.rows = append(k.rows, row)
		}
	}
	return h.build(k, iceberg.ParquetFile)
}

func (h *history) path(folder, ending string) string {
	return fmt.Sprintf("file://%s/%s/%d-%d.%s", h.folder, folder, len(h.snapshots), h.Uint32(), ending)
}

// newDeletion is a delete file for a live data file, alone or with its partition.
func (h *history) newDeletion() *known {
	target := pick(h, h.live()...)
	k := &known{content: iceberg.EntryContentPosDeletes, spec: target.spec, partition: target.partition}
	switch {
	case h.equality && h.chance(0.4):
		k.content, k.path = iceberg.EntryContentEqDeletes, h.path("equality", "parquet")
		return h.build(k, iceberg.ParquetFile)
	case h.version >= 3:
		k.vector, k.of, k.path = true, target.path, h.path("vectors", "puffin")
		return h.build(k, iceberg.PuffinFile)
	case h.chance(0.5):
		k.of = target.path
	}
	k.path = h.path("positions", "parquet")
	return h.build(k, iceberg.ParquetFile)
}

func (h *history) build(k *known, format iceberg.FileFormat) *known {
	b, err := iceberg.NewDataFileBuilder(h.specs[k.spec], k.content, k.path, format, k.partition, nil, nil, int64(max(1, len(k.rows))), 1000)
	h.must(err)
	switch {
	case k.vector:
		b.ReferencedDataFile(k.of).ContentOffset(4).ContentSizeInBytes(40)
	case k.content == iceberg.EntryContentEqDeletes:
		b.EqualityFieldIDs([]int{1})
	case k.of != "": // as writers before format version 3 say of which file they are
		path := map[int][]byte{2147483546: []byte(k.of)}
		b.LowerBoundValues(path).UpperBoundValues(path)
	}
	h.measure(b, k.rows)
	k.data = b.Build()
	return k
}

// measure says of some columns what is in them, not always all of it.
func (h *history) measure(b *iceberg.DataFileBuilder, rows []map[int]iceberg.Literal) {
	if len(rows) == 0 {
		return
	}
	counts, nulls, nans := map[int]int64{}, map[int]int64{}, map[int]int64{}
	lows, highs := map[int][]byte{}, map[int][]byte{}
	for _, c := range h.columns {
		if h.chance(0.2) {
			continue
		}
		values := slices.DeleteFunc(valuesOf(rows, c.ID), func(v iceberg.Literal) bool { return v == nil })
		counts[c.ID], nulls[c.ID] = int64(len(rows)), int64(len(rows)-len(values))
		ordered := slices.DeleteFunc(slices.Clone(values), isNaN)
		if c.Type == "double" {
			nans[c.ID] = int64(len(values) - len(ordered))
		}
		if len(ordered) > 0 && h.chance(0.9) {
			slices.SortFunc(ordered, func(a, b iceberg.Literal) int { return compareValues(plain(a), plain(b)) })
			lows[c.ID], highs[c.ID] = h.bounds(ordered[0], ordered[len(ordered)-1])
		}
	}
	b.ValueCounts(counts).NullValueCounts(nulls).NaNValueCounts(nans)
	if len(lows) > 0 {
		b.LowerBoundValues(lows).UpperBoundValues(highs)
	}
}

// bounds are serialized bounds; those of texts may be cut short, as writers do.
func (h *history) bounds(low, high iceberg.Literal) ([]byte, []byte) {
	if text, ok := high.Any().(string); ok && h.chance(0.4) {
		low, high = iceberg.NewLiteral(string([]rune(low.String())[:min(1, len([]rune(low.String())))])), iceberg.NewLiteral(text+"~")
	}
	return marshal(low), marshal(high)
}

func marshal(v iceberg.Literal) []byte {
	data, err := v.(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary()
	if err != nil {
		panic(err)
	}
	return data
}

func valuesOf(rows []map[int]iceberg.Literal, id int) []iceberg.Literal {
	values := make([]iceberg.Literal, 0, len(rows))
	for _, row := range rows {
		values = append(values, row[id])
	}
	return values
}

func isNaN(v iceberg.Literal) bool {
	f, ok := v.Any().(float64)
	return ok && math.IsNaN(f)
}
