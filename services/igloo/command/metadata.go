package command

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// metadata is what people are shown of a table's or a view's metadata.
type metadata struct {
	FormatVersion  int                    `json:"format-version"`
	TableUUID      string                 `json:"table-uuid"`
	ViewUUID       string                 `json:"view-uuid"`
	Location       string                 `json:"location"`
	UpdatedMS      int64                  `json:"last-updated-ms"`
	SchemaID       int                    `json:"current-schema-id"`
	Schemas        []schema               `json:"schemas"`
	Schema         *schema                `json:"schema"` // of format 1
	SpecID         int                    `json:"default-spec-id"`
	Specs          []spec                 `json:"partition-specs"`
	OrderID        int                    `json:"default-sort-order-id"`
	Orders         []order                `json:"sort-orders"`
	Properties     map[string]string      `json:"properties"`
	Current        *int64                 `json:"current-snapshot-id"`
	Snapshots      []snapshot             `json:"snapshots"`
	Refs           map[string]snapshotRef `json:"refs"`
	SnapshotLog    []loggedSnapshot       `json:"snapshot-log"`
	MetadataLog    []loggedMetadata       `json:"metadata-log"`
	CurrentVersion int                    `json:"current-version-id"` // of views
	Versions       []viewVersion          `json:"versions"`
}

type schema struct {
	ID     int      `json:"schema-id"`
	Fields []column `json:"fields"`
}

type column struct {
	ID       int             `json:"id"`
	Name     string          `json:"name"`
	Type     json.RawMessage `json:"type"`
	Required bool            `json:"required"`
	Doc      string          `json:"doc"`
}

type spec struct {
	ID     int         `json:"spec-id"`
	Fields []transform `json:"fields"`
}

type order struct {
	ID     int         `json:"order-id"`
	Fields []transform `json:"fields"`
}

// transform is a field of a partitioning or of an order.
type transform struct {
	Name      string `json:"name"`
	Transform string `json:"transform"`
	Source    int    `json:"source-id"`
	Sources   []int  `json:"source-ids"`
	Direction string `json:"direction"`
	NullOrder string `json:"null-order"`
}

type snapshot struct {
	ID          int64             `json:"snapshot-id"`
	Parent      *int64            `json:"parent-snapshot-id"`
	TimestampMS int64             `json:"timestamp-ms"`
	Summary     map[string]string `json:"summary"`
}

type snapshotRef struct {
	ID   int64  `json:"snapshot-id"`
	Type string `json:"type"`
}

type loggedSnapshot struct {
	ID          int64 `json:"snapshot-id"`
	TimestampMS int64 `json:"timestamp-ms"`
}

type loggedMetadata struct {
	File        string `json:"metadata-file"`
	TimestampMS int64  `json:"timestamp-ms"`
}

type viewVersion struct {
	ID              int   `json:"version-id"`
	SchemaID        int   `json:"schema-id"`
	TimestampMS     int64 `json:"timestamp-ms"`
	Representations []struct {
		SQL     string `json:"sql"`
		Dialect string `json:"dialect"`
	} `json:"representations"`
}

func readMetadata(text json.RawMessage) (metadata, error) {
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("the metadata cannot be read: %w", err)
	}
	if len(m.Schemas) == 0 && m.Schema != nil {
		m.Schemas, m.SchemaID = []schema{*m.Schema}, m.Schema.ID
	}
	return m, nil
}

// columns are those of one schema.
func (m metadata) columns(schemaID int) []column {
	for _, s := range m.Schemas {
		if s.ID == schemaID {
			return s.Fields
		}
	}
	return nil
}

// snapshot finds one by its id.
func (m metadata) snapshot(id int64) (snapshot, bool) {
	for _, s := range m.Snapshots {
		if s.ID == id {
			return s, true
		}
	}
	return snapshot{}, false
}

// partitioning is the current spec as SQL has it; empty without fields.
func (m metadata) partitioning() string {
	for _, s := range m.Specs {
		if s.ID == m.SpecID {
			return transforms(s.Fields, m.columnNames())
		}
	}
	return ""
}

// order is the current sort order as SQL has it; empty without fields.
func (m metadata) order() string {
	for _, o := range m.Orders {
		if o.ID == m.OrderID {
			return transforms(o.Fields, m.columnNames())
		}
	}
	return ""
}

// columnNames are the names of all columns by their ids, with those above them.
func (m metadata) columnNames() map[int]string {
	names := map[int]string{}
	for _, s := range m.Schemas {
		nameColumns(s.Fields, "", names)
	}
	nameColumns(m.columns(m.SchemaID), "", names)
	return names
}

func transforms(fields []transform, names map[int]string) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		sources := f.Sources
		if len(sources) == 0 {
			sources = []int{f.Source}
		}
		columns := make([]string, len(sources))
		for j, source := range sources {
			columns[j] = names[source]
		}
		texts[i] = strings.TrimSpace(transformed(f.Transform, strings.Join(columns, ", ")) + " " + strings.TrimSpace(f.Direction+" "+f.NullOrder))
	}
	return strings.Join(texts, ", ")
}

func transformed(by, column string) string {
	if by == "identity" {
		return column
	}
	if kind, width, found := strings.Cut(strings.TrimSuffix(by, "]"), "["); found {
		return kind + "(" + width + ", " + column + ")"
	}
	return by + "(" + column + ")"
}

// at is a time as commands show it: to the millisecond, in UTC.
func at(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

func snapshotText(id *int64) string {
	if id == nil || *id < 0 {
		return "-"
	}
	return strconv.FormatInt(*id, 10)
}
