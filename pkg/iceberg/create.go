package iceberg

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TableCreation is what a request to create a table asks for.
type TableCreation struct {
	// UUID and Location of the new table.
	UUID, Location string
	// Schema of the table. Its ids only link the members of this request; the
	// table gets ids of its own.
	Schema json.RawMessage
	// PartitionSpec and WriteOrder may be nil: unpartitioned, unsorted.
	PartitionSpec, WriteOrder json.RawMessage
	Properties                map[string]string
	// Now is the time of creation.
	Now time.Time
}

// The properties that steer the making of a table and are never stored.
// Source: Java's TableProperties.RESERVED_PROPERTIES.
func reserved(property string) bool {
	switch property {
	case "format-version", "uuid", "snapshot-count", "current-snapshot-id", "current-snapshot-summary",
		"current-snapshot-timestamp-ms", "current-schema", "default-partition-spec", "default-sort-order":
		return true
	}
	return false
}

// NewTableMetadata makes the first document of a table, as Java makes it: column
// ids from 1, the fields of a struct before their children; spec and order
// rebuilt on them; reserved properties left out; format-version honoured; zstd
// as Parquet's codec unless another is asked for.
func NewTableMetadata(c TableCreation) (*TableMetadata, error) {
	version, err := c.formatVersion()
	if err != nil {
		return nil, err
	}
	d := newDraft(nil, version, c.Now)
	d.head.uuid, d.head.location = c.UUID, stripTrailingSlash(c.Location)
	if err := d.create(c); err != nil {
		return nil, err
	}
	return d.build("")
}

func (c TableCreation) formatVersion() (int, error) {
	text, ok := c.Properties["format-version"]
	if !ok {
		return defaultVersion, nil
	}
	version, err := strconv.Atoi(text)
	if err != nil || version < 1 || version > maxWritten {
		return 0, invalid("properties.format-version", "found %q, 1 to %d are allowed", text, maxWritten)
	}
	return version, nil
}

func (d *draft) create(c TableCreation) error {
	if c.Schema == nil {
		return invalid("schema", "is missing")
	}
	asked, err := decodeSchema("schema", c.Schema)
	if err != nil {
		return err
	}
	fresh := asked.renumbered()
	if err := fresh.checkVersion("schema", d.head.version); err != nil {
		return err
	}
	d.schemas.add(0, fresh.encode(), fresh)
	d.head.schema, d.head.lastColumn = 0, fresh.highestID()
	if err := d.createSpec(c.PartitionSpec, asked, fresh); err != nil {
		return err
	}
	if err := d.createOrder(c.WriteOrder, asked, fresh); err != nil {
		return err
	}
	return d.createProperties(c.Properties, asked)
}

// renumbered is the schema with ids from 1.
func (s *schema) renumbered() *schema {
	last, renamed := 0, make(map[int]int, len(s.byID))
	fresh := &schema{hasID: true}
	fresh.root = renumber(s.root, &last, renamed)
	for _, id := range s.identifiers {
		fresh.identifiers = append(fresh.identifiers, renamed[id])
	}
	_ = fresh.index("schema") // the same names under other ids: cannot fail where s did not
	return fresh
}

// renumber gives ids to the fields of one level before it goes into them.
func renumber(t dataType, last *int, renamed map[int]int) dataType {
	fields := slices.Clone(t.fields)
	for i := range fields {
		*last++
		renamed[fields[i].id] = *last
		fields[i].id = *last
	}
	for i := range fields {
		fields[i].kind = renumber(fields[i].kind, last, renamed)
	}
	t.fields = fields
	return t
}

// sameColumn finds in fresh the column that id is in asked.
func sameColumn(asked, fresh *schema, id int) (int, bool) {
	column, ok := asked.byID[id]
	if !ok {
		return 0, false
	}
	found, ok := fresh.names[asked.fullName(column)]
	return found, ok
}

func (d *draft) createSpec(raw json.RawMessage, asked, fresh *schema) error {
	spec := &partitionSpec{}
	if raw != nil && !isNull(raw) {
		var err error
		if spec, err = decodeNewSpec(raw); err != nil {
			return err
		}
	}
	spec.id = 0
	for i := range spec.fields {
		f := &spec.fields[i]
		source, ok := sameColumn(asked, fresh, f.source)
		if !ok {
			return invalid(indexed("partition-spec.fields", i), "source-id: there is no column with id %d", f.source)
		}
		f.source, f.id, f.hasID = source, 0, false
	}
	if err := spec.bind("partition-spec", fresh); err != nil {
		return err
	}
	d.specs.add(0, spec.encode(), spec)
	d.head.spec, d.head.lastPartition = 0, max(d.head.lastPartition, spec.lastID())
	return nil
}

// decodeNewSpec reads a spec whose id does not count, and may be missing.
func decodeNewSpec(raw json.RawMessage) (*partitionSpec, error) {
	o, err := parseObject("partition-spec", raw)
	if err != nil {
		return nil, err
	}
	if id, ok := o.get("spec-id"); !ok || isNull(id) {
		o = o.with("spec-id", number(0))
	}
	return decodePartitionSpec("partition-spec", o.encode())
}

func (d *draft) createOrder(raw json.RawMessage, asked, fresh *schema) error {
	order := &sortOrder{}
	if raw != nil && !isNull(raw) {
		var err error
		if order, err = decodeNewOrder(raw); err != nil {
			return err
		}
	}
	order.id = 0
	if !order.unsorted() {
		order.id = 1
	}
	for i := range order.fields {
		f := &order.fields[i]
		source, ok := sameColumn(asked, fresh, f.source)
		if !ok {
			return invalid(indexed("write-order.fields", i), "source-id: there is no column with id %d", f.source)
		}
		f.source = source
	}
	if err := order.bind("write-order", fresh); err != nil {
		return err
	}
	d.orders.add(order.id, order.encode(), order)
	d.head.order = order.id
	return nil
}

// decodeNewOrder reads an order whose id does not count, and may be missing.
func decodeNewOrder(raw json.RawMessage) (*sortOrder, error) {
	o, err := parseObject("write-order", raw)
	if err != nil {
		return nil, err
	}
	if id, ok := o.get("order-id"); !ok || isNull(id) {
		o = o.with("order-id", number(0))
	}
	return decodeSortOrder("write-order", o.encode())
}

const (
	parquetCodec  = "write.parquet.compression-codec"
	metricsColumn = "write.metadata.metrics.column."
)

func (d *draft) createProperties(properties map[string]string, asked *schema) error {
	stored := map[string]string{parquetCodec: "zstd"}
	for key, value := range properties {
		if !reserved(key) {
			stored[key] = value
		}
		if column, isMetrics := strings.CutPrefix(key, metricsColumn); isMetrics {
			if _, ok := asked.byName(column); !ok {
				return invalid("properties."+key, "there is no column %q", column)
			}
		}
	}
	keys := make([]string, 0, len(stored))
	for key := range stored {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		d.properties = append(d.properties, member{key, quoted(stored[key])})
	}
	d.propertiesChanged = true
	return checkCommitProperties(properties)
}

// checkCommitProperties refuses settings of commit retries that writers would
// stumble over. Source: Java's PropertyUtil.validateCommitProperties.
func checkCommitProperties(properties map[string]string) error {
	for _, key := range []string{
		"commit.retry.num-retries", "commit.retry.min-wait-ms", "commit.retry.max-wait-ms", "commit.retry.total-timeout-ms",
	} {
		text, ok := properties[key]
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
			return invalid("properties."+key, "found %q, an integer of 0 or above is allowed", text)
		}
	}
	return nil
}
