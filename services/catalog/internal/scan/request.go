package scan

import (
	"encoding/json"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Request is what a client wants planned: PlanTableScanRequest of the protocol.
type Request struct {
	SnapshotID        *int64          `json:"snapshot-id,omitempty"`
	StartSnapshotID   *int64          `json:"start-snapshot-id,omitempty"`
	EndSnapshotID     *int64          `json:"end-snapshot-id,omitempty"`
	Select            []string        `json:"select,omitempty"`
	Filter            json.RawMessage `json:"filter,omitempty"`
	MinRowsRequested  *int64          `json:"min-rows-requested,omitempty"`
	CaseInsensitive   bool            `json:"case-insensitive,omitempty"`
	UseSnapshotSchema bool            `json:"use-snapshot-schema,omitempty"`
	StatsFields       []string        `json:"stats-fields,omitempty"`
}

// scan is a request bound to a table.
type scan struct {
	table    *table
	snapshot snapshot
	// empty is a table without snapshots.
	empty bool
	// added are the ids of the appends of an incremental scan, newest first in
	// appends; nil for all of one snapshot.
	added   map[int64]bool
	appends []snapshot
	schema  *iceberg.Schema
	specs   map[int]partitionSpec
	// filter is bound; filtered says that there was one.
	filter   *expression
	filtered bool
	stats    map[int]column
	rows     int64
}

// resolve binds a request, and refuses what cannot be.
func (t *table) resolve(r Request) (*scan, error) { return t.resolveIn(r, nil) }

// resolveIn binds a request to one of the table's schemas.
func (t *table) resolveIn(r Request, schema *int) (*scan, error) {
	s := &scan{table: t, specs: t.bindSpecs(), filter: everything, stats: map[int]column{}}
	if err := s.pickSnapshot(r); err != nil {
		return nil, err
	}
	if err := s.pickSchema(r, schema); err != nil {
		return nil, err
	}
	for _, name := range r.Select {
		if _, ok := findField(s.schema, name, !r.CaseInsensitive); !ok {
			return nil, fault.Field("select", "Cannot find field '%s' in the schema", clip(name))
		}
	}
	for _, name := range r.StatsFields {
		field, ok := findField(s.schema, name, !r.CaseInsensitive)
		if !ok {
			return nil, fault.Field("stats-fields", "Cannot find field '%s' in the schema", clip(name))
		}
		s.stats[field.ID] = columnOf(field.ID, name, field.Type)
	}
	if r.MinRowsRequested != nil {
		if s.rows = *r.MinRowsRequested; s.rows < 0 {
			return nil, fault.Field("min-rows-requested", "found %d, 0 and above are allowed", s.rows)
		}
	}
	return s, s.bindFilter(r)
}

func (s *scan) bindFilter(r Request) (err error) {
	if r.Filter == nil {
		return nil
	}
	b := binder{schema: s.schema, caseSensitive: !r.CaseInsensitive}
	s.filter, err = b.bind("filter", r.Filter, false, 0)
	s.filtered = true
	return err
}

func (s *scan) pickSnapshot(r Request) error {
	switch {
	case r.SnapshotID != nil && (r.StartSnapshotID != nil || r.EndSnapshotID != nil):
		return fault.Field("snapshot-id", "cannot be together with start-snapshot-id and end-snapshot-id")
	case (r.StartSnapshotID == nil) != (r.EndSnapshotID == nil):
		return fault.Field("end-snapshot-id", "start-snapshot-id and end-snapshot-id are needed together")
	case r.SnapshotID != nil:
		return s.pick("snapshot-id", *r.SnapshotID)
	case r.StartSnapshotID != nil:
		return s.pickRange(*r.StartSnapshotID, *r.EndSnapshotID)
	case s.table.hasHead:
		return s.pick("current-snapshot-id", s.table.current)
	}
	s.empty = true
	return nil
}

func (s *scan) pick(field string, id int64) error {
	found, ok := s.table.snapshots[id]
	if !ok {
		return fault.Field(field, "Cannot find snapshot with ID %d", id)
	}
	s.snapshot = found
	return nil
}

// pickRange takes the appends after start up to end, which must descend from
// it. Start itself may have expired.
func (s *scan) pickRange(start, end int64) error {
	if err := s.pick("end-snapshot-id", end); err != nil {
		return err
	}
	s.added = map[int64]bool{}
	for at, seen := s.snapshot, 0; at.ID != start; seen++ {
		if at.Summary["operation"] == "append" {
			s.added[at.ID] = true
			s.appends = append(s.appends, at)
		}
		if at.Parent == nil || seen > len(s.table.snapshots) {
			return fault.Field("start-snapshot-id", "snapshot %d is not an ancestor of snapshot %d", start, end)
		}
		if *at.Parent == start {
			break
		}
		parent, ok := s.table.snapshots[*at.Parent]
		if !ok {
			return fault.Field("start-snapshot-id", "snapshot %d is not an ancestor of snapshot %d, as far as they are kept", start, end)
		}
		at = parent
	}
	return nil
}

func (s *scan) pickSchema(r Request, pinned *int) error {
	id := s.table.schema
	switch {
	case pinned != nil:
		id = *pinned
	case r.UseSnapshotSchema && s.snapshot.Schema != nil:
		id = *s.snapshot.Schema
	}
	if s.schema = s.table.schemas[id]; s.schema == nil {
		return fault.New(fault.Internal, "the snapshot's schema %d is not in the metadata", id)
	}
	return nil
}

// spec is the spec of a manifest.
func (s *scan) spec(m manifest) (partitionSpec, error) {
	spec, ok := s.specs[int(m.PartitionSpecID())]
	if !ok {
		return spec, fault.New(fault.Internal, "manifest of partition spec %d, which the table does not have", m.PartitionSpecID())
	}
	return spec, nil
}

// wants tells whether an entry is of the scan.
func (s *scan) wants(f *file) bool {
	if s.added != nil {
		return f.status == iceberg.EntryStatusADDED && s.added[f.snapshot]
	}
	return f.status != iceberg.EntryStatusDELETED
}

// divide parts the manifests into those of data that the filter may match, and
// those of deletes.
func (s *scan) divide(list manifestList) (data, deleted []manifest, err error) {
	for _, m := range list {
		if m.ManifestContent() == iceberg.ManifestContentDeletes {
			deleted = append(deleted, m)
			continue
		}
		spec, err := s.spec(m)
		if err != nil {
			return nil, nil, err
		}
		if s.filter.operator != never && m.files() > 0 && spec.mayMatchSpans(s.filter, m.spans(spec)) {
			data = append(data, m)
		}
	}
	return data, deleted, nil
}
