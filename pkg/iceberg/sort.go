package iceberg

import (
	"slices"
	"strings"
)

// sortOrder is one of a table's sort orders; id 0 is the unsorted one.
type sortOrder struct {
	id     int
	fields []sortField
	rest   object
}

type sortField struct {
	source     int
	transform  transform
	direction  string
	nullsFirst bool
	rest       object
}

func decodeSortOrder(at string, raw []byte) (*sortOrder, error) {
	r := read(at, raw)
	o := &sortOrder{id: r.int("order-id")}
	for i, raw := range r.array("fields") {
		f, err := decodeSortField(indexed(r.path("fields"), i), raw)
		if err != nil {
			return nil, err
		}
		o.fields = append(o.fields, f)
	}
	o.rest = r.rest()
	return o, r.err
}

func decodeSortField(at string, raw []byte) (sortField, error) {
	r := read(at, raw)
	f := sortField{transform: r.transform(), source: r.int("source-id")}
	f.direction = strings.ToLower(r.text("direction"))
	if f.direction != "asc" && f.direction != "desc" {
		r.fail("direction", "found %q, asc and desc are allowed", f.direction)
	}
	switch nulls := strings.ToLower(r.text("null-order")); nulls {
	case "nulls-first":
		f.nullsFirst = true
	case "nulls-last":
	default:
		r.fail("null-order", "found %q, nulls-first and nulls-last are allowed", nulls)
	}
	f.rest = r.rest()
	return f, r.err
}

func (o *sortOrder) unsorted() bool { return len(o.fields) == 0 }

// bind checks an order that a client sent against the schema that it sorts.
func (o *sortOrder) bind(at string, columns *schema) error {
	if o.id == 0 && !o.unsorted() {
		return invalid(at, "order-id: 0 is reserved for the unsorted order")
	}
	if o.id != 0 && o.unsorted() {
		return invalid(at, "order-id: the unsorted order has id 0, found %d", o.id)
	}
	return o.check(at, columns)
}

// check refuses an order that the columns do not bear.
func (o *sortOrder) check(at string, columns *schema) error {
	for i, f := range o.fields {
		here := indexed(at+".fields", i)
		column, ok := columns.byID[f.source]
		switch {
		case !ok:
			return invalid(here, "Cannot find source column for sort field: %s(%d)", f.transform, f.source)
		case column.kind.shape != primitiveShape:
			return invalid(here, "Cannot sort by non-primitive source field %s", column.name)
		case !f.transform.fits(column.kind.name):
			return invalid(here, "transform %s does not take a %s", f.transform, column.kind.name)
		}
	}
	return nil
}

// same tells whether two orders sort alike, whatever their ids.
func (o *sortOrder) same(other *sortOrder) bool {
	return slices.EqualFunc(o.fields, other.fields, func(a, b sortField) bool {
		return a.source == b.source && a.transform == b.transform && a.direction == b.direction && a.nullsFirst == b.nullsFirst
	})
}

func (o *sortOrder) encode() []byte {
	fields := make([][]byte, len(o.fields))
	for i, f := range o.fields {
		nulls := "nulls-last"
		if f.nullsFirst {
			nulls = "nulls-first"
		}
		fields[i] = append(object{
			{"transform", quoted(string(f.transform))},
			{"source-id", number(int64(f.source))},
			{"direction", quoted(f.direction)},
			{"null-order", quoted(nulls)},
		}, f.rest...).encode()
	}
	return append(object{{"order-id", number(int64(o.id))}, {"fields", encodeArray(fields)}}, o.rest...).encode()
}
