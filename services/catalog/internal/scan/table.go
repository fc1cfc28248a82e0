package scan

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Table is what is planned: a table's metadata at some time.
type Table struct {
	Warehouse string
	// MetadataLocation names the document: what is there never changes.
	MetadataLocation string
	// Metadata is the document.
	Metadata []byte
}

// table is of a table's metadata what planning needs.
type table struct {
	warehouse string
	uuid      string
	current   int64
	hasHead   bool
	schema    int
	schemas   map[int]*iceberg.Schema
	specs     map[int]partitionSpecText
	snapshots map[int64]snapshot
	bytes     int
}

func (t *table) size() int { return t.bytes }

// partitionSpecText is a spec before its columns are known.
type partitionSpecText struct {
	fields []iceberg.PartitionField
}

type snapshot struct {
	ID           int64             `json:"snapshot-id"`
	Parent       *int64            `json:"parent-snapshot-id"`
	ManifestList string            `json:"manifest-list"`
	Schema       *int              `json:"schema-id"`
	Summary      map[string]string `json:"summary"`
}

// document are the members of a metadata document that planning needs.
type document struct {
	UUID          string            `json:"table-uuid"`
	Location      string            `json:"location"`
	CurrentSchema *int              `json:"current-schema-id"`
	Schemas       []json.RawMessage `json:"schemas"`
	Schema        json.RawMessage   `json:"schema"`
	Specs         []json.RawMessage `json:"partition-specs"`
	Spec          json.RawMessage   `json:"partition-spec"`
	Current       *int64            `json:"current-snapshot-id"`
	Snapshots     []snapshot        `json:"snapshots"`
}

// table decodes metadata, or remembers it.
func (p *Planner) table(ctx context.Context, t Table) (*table, error) {
	return cached(ctx, p.cache, "table:"+t.Warehouse+":"+t.MetadataLocation, func(context.Context) (*table, error) {
		decoded, err := decodeTable(t.Metadata)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "stored metadata cannot be planned")
		}
		decoded.warehouse = t.Warehouse
		return decoded, nil
	})
}

func decodeTable(metadata []byte) (*table, error) {
	var d document
	if err := json.Unmarshal(metadata, &d); err != nil {
		return nil, fmt.Errorf("decode metadata: %w", err)
	}
	t := &table{uuid: d.UUID, schemas: map[int]*iceberg.Schema{}, specs: map[int]partitionSpecText{}, snapshots: map[int64]snapshot{}}
	if t.uuid == "" {
		t.uuid = d.Location // format v1 may lack one
	}
	if err := t.takeSchemas(d); err != nil {
		return nil, err
	}
	if err := t.takeSpecs(d); err != nil {
		return nil, err
	}
	for _, s := range d.Snapshots {
		t.snapshots[s.ID] = s
	}
	if d.Current != nil && *d.Current != -1 {
		t.current, t.hasHead = *d.Current, true
	}
	t.bytes = 2 * len(metadata)
	return t, nil
}

func (t *table) takeSchemas(d document) error {
	if len(d.Schemas) == 0 {
		d.Schemas, d.CurrentSchema = []json.RawMessage{d.Schema}, nil
	}
	for _, raw := range d.Schemas {
		schema := &iceberg.Schema{}
		if err := json.Unmarshal(raw, schema); err != nil {
			return fmt.Errorf("decode schema: %w", err)
		}
		t.schemas[schema.ID] = schema
		t.schema = schema.ID
	}
	if d.CurrentSchema != nil {
		t.schema = *d.CurrentSchema
	}
	if t.schemas[t.schema] == nil {
		return fmt.Errorf("there is no schema %d", t.schema)
	}
	return nil
}

func (t *table) takeSpecs(d document) error {
	for _, raw := range d.Specs {
		var spec struct {
			ID     int                      `json:"spec-id"`
			Fields []iceberg.PartitionField `json:"fields"`
		}
		if err := json.Unmarshal(raw, &spec); err != nil {
			return fmt.Errorf("decode partition spec: %w", err)
		}
		t.specs[spec.ID] = partitionSpecText{spec.Fields}
	}
	if len(d.Specs) > 0 || d.Spec == nil {
		return nil
	}
	var fields []iceberg.PartitionField
	if err := json.Unmarshal(d.Spec, &fields); err != nil {
		return fmt.Errorf("decode partition spec: %w", err)
	}
	t.specs[0] = partitionSpecText{fields}
	return nil
}

// partitionSpec is a spec bound to the columns it takes.
type partitionSpec struct {
	id     int
	fields []partitionField
}

// bindSpecs binds every spec. A column that the current schema has dropped is
// taken from any schema that still has it: files of old specs have its values.
func (t *table) bindSpecs() map[int]partitionSpec {
	specs := make(map[int]partitionSpec, len(t.specs))
	for id, text := range t.specs {
		spec := partitionSpec{id: id}
		for _, f := range text.fields {
			spec.fields = append(spec.fields, t.bindField(f))
		}
		specs[id] = spec
	}
	return specs
}

func (t *table) bindField(f iceberg.PartitionField) partitionField {
	bound := partitionField{id: f.FieldID, transform: f.Transform, source: -1}
	if len(f.SourceIDs) != 1 {
		return bound // of more than one column: nothing can be said of either
	}
	bound.source = f.SourceIDs[0]
	source, ok := t.findColumn(bound.source)
	if !ok {
		return bound
	}
	bound.from = columnOf(source.ID, source.Name, source.Type)
	if f.Transform.CanTransform(source.Type) {
		bound.to = columnOf(f.FieldID, f.Name, f.Transform.ResultType(source.Type))
	}
	return bound
}

func (t *table) findColumn(id int) (iceberg.NestedField, bool) {
	if field, ok := t.schemas[t.schema].FindFieldByID(id); ok {
		return field, true
	}
	for _, schema := range t.schemas {
		if field, ok := schema.FindFieldByID(id); ok {
			return field, true
		}
	}
	return iceberg.NestedField{}, false
}
