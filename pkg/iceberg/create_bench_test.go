package iceberg

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkCreate makes the first document of a table with so many columns.
func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{20, 200} {
		creation := TableCreation{UUID: "9c12d441-03fe-4693-9a96-a0705ddf69c1", Location: "s3://lake/sales/orders", Schema: flatSchema(n), Now: time.UnixMilli(1)}
		b.Run(fmt.Sprintf("columns=%d", n), func(b *testing.B) {
			measured(b, len(creation.Schema), func() {
				if _, err := NewTableMetadata(creation); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// flatSchema has so many columns, none in another.
func flatSchema(columns int) []byte {
	fields := make([]string, columns)
	for i := range fields {
		fields[i] = fmt.Sprintf(`{"id":%d,"name":"column_%d","type":"string","required":false}`, i+1, i+1)
	}
	return []byte(`{"type":"struct","schema-id":0,"fields":[` + strings.Join(fields, ",") + `]}`)
}
