package iceberg

// check refuses a result that no engine could read.
func (d *draft) check() error {
	switch {
	case d.head.location == "":
		return invalid("", "location: is missing")
	case d.head.uuid == "" && d.head.version > 1:
		return invalid("", "table-uuid: is required in format version %d", d.head.version)
	case d.head.version == 1 && d.head.sequence != 0:
		return invalid("", "last-sequence-number: must be 0 in format version 1, found %d", d.head.sequence)
	}
	if err := d.checkSequence(); err != nil {
		return err
	}
	if d.sameDefaults() {
		return nil
	}
	return d.checkDefaults()
}

// checkSequence refuses a snapshot that is ahead of the table: one without parent
// may set the last sequence number back. Source: Java's
// TableMetadata.indexAndValidateSnapshots.
func (d *draft) checkSequence() error {
	for _, s := range d.added {
		if s.SequenceNumber > d.head.sequence {
			return staleSequence(s.SequenceNumber, d.head.sequence)
		}
	}
	if d.base == nil || d.head.sequence >= d.base.head.sequence {
		return nil
	}
	raw, _ := d.base.doc.get("snapshots")
	for i, entry := range d.base.snapshots {
		if d.removed[entry.id] {
			continue
		}
		s, err := decodeSnapshot(indexed("snapshots", i), entry.place.Of(raw))
		if err != nil {
			return err
		}
		if s.SequenceNumber > d.head.sequence {
			return staleSequence(s.SequenceNumber, d.head.sequence)
		}
	}
	return nil
}

func staleSequence(found, last int64) error {
	return conflict("Invalid snapshot with sequence number %d greater than last sequence number %d", found, last)
}

// sameDefaults tells whether the current schema and the default spec and order
// are the base's: the same ids, which no other schema or spec can have taken.
func (d *draft) sameDefaults() bool {
	return d.base != nil && (d.schemas == nil || !d.schemas.shrunk) && (d.specs == nil || !d.specs.shrunk) &&
		d.head.schema == d.base.head.schema && d.head.spec == d.base.head.spec && d.head.order == d.base.head.order
}

// checkDefaults binds the default spec and order to the current schema.
func (d *draft) checkDefaults() error {
	columns, err := d.currentSchema()
	if err != nil {
		return err
	}
	if err := d.loadSpecs(); err != nil {
		return err
	}
	spec, ok := find(d.specs, func(s *partitionSpec) bool { return s.id == d.head.spec })
	if !ok {
		return invalid("", "default-spec-id: found %d, which is not among the partition specs", d.head.spec)
	}
	if err := spec.check("partition-spec", columns); err != nil {
		return err
	}
	if err := d.loadOrders(); err != nil {
		return err
	}
	order, ok := find(d.orders, func(o *sortOrder) bool { return o.id == d.head.order })
	if !ok {
		return invalid("", "default-sort-order-id: found %d, which is not among the sort orders", d.head.order)
	}
	return order.check("sort-order", columns)
}
