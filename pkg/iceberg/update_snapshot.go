package iceberg

import "math"

func decodeAddSnapshot(r *reader) update {
	raw := r.raw("snapshot")
	if r.err != nil {
		return update{}
	}
	s, err := decodeSnapshot("snapshot", raw)
	r.note(err)
	return update{snapshot: s, apply: func(d *draft) error { return d.addSnapshot(s) }}
}

// addSnapshot adds a snapshot that nothing refers to yet. One that another
// commit has overtaken is a conflict: its writer tries again from fresh metadata.
func (d *draft) addSnapshot(s *snapshot) error {
	if err := d.checkSnapshot(s); err != nil {
		return err
	}
	if d.head.version > 1 && s.HasParent && s.SequenceNumber <= d.head.sequence {
		return stale("snapshot.sequence-number", "Cannot add snapshot with sequence number %d older than last sequence number %d", s.SequenceNumber, d.head.sequence)
	}
	if s.SequenceNumber < 0 {
		return invalid("snapshot.sequence-number", "found %d, 0 and above are allowed", s.SequenceNumber)
	}
	d.head.sequence = s.SequenceNumber
	d.added, d.addedByID[s.ID] = append(d.added, s), s
	d.changed = true
	if d.head.version > 2 {
		return d.addRows(s)
	}
	return nil
}

func (d *draft) checkSnapshot(s *snapshot) error {
	if d.base == nil && len(d.schemas.items) == 0 {
		return invalid("", "a schema must be added before a snapshot")
	}
	if d.base == nil && (len(d.specs.items) == 0 || len(d.orders.items) == 0) {
		return invalid("", "a partition spec and a sort order must be added before a snapshot")
	}
	if d.hasSnapshot(s.ID) {
		return invalid("snapshot.snapshot-id", "Snapshot already exists for id: %d", s.ID)
	}
	return nil
}

// addRows counts the rows that a snapshot gives ids to.
// Source: specification, "Row Lineage".
func (d *draft) addRows(s *snapshot) error {
	if !s.hasFirst {
		return invalid("snapshot.first-row-id", "is missing")
	}
	if s.firstRow < d.head.nextRow {
		return stale("snapshot.first-row-id", "Cannot add a snapshot, first-row-id is behind table next-row-id: %d < %d", s.firstRow, d.head.nextRow)
	}
	if !s.hasAdded {
		return invalid("snapshot.added-rows", "is missing")
	}
	if s.added > math.MaxInt64-d.head.nextRow {
		return invalid("snapshot.added-rows", "found %d, of which row ids from %d on leave no room", s.added, d.head.nextRow)
	}
	d.head.nextRow += s.added
	return nil
}

func decodeSetSnapshotRef(r *reader) update {
	name := r.text("ref-name")
	if r.err != nil {
		return update{}
	}
	ref, members := decodeRef("", r.object.encode())
	r.note(members.err)
	members.take("ref-name")
	members.take("action")
	rest := members.rest()
	return update{ref: name, apply: func(d *draft) error { return d.setRef(name, ref, rest) }}
}

func decodeRemoveSnapshots(r *reader) update {
	ids := r.longs("snapshot-ids")
	return update{removes: ids, dropsSnap: true, apply: func(d *draft) error { return d.removeSnapshots(ids) }}
}

func decodeRemoveSnapshotRef(r *reader) update {
	name := r.text("ref-name")
	return update{ref: name, dropsRef: true, apply: func(d *draft) error {
		d.removeRef(name)
		return nil
	}}
}
