package iceberg

// Validate decodes what ParseTableMetadata left alone, and refuses what no
// engine could read: what a commit makes needs no such look, a document that
// comes from elsewhere does. Of a format that is not known yet there is nothing
// to say.
func (m *TableMetadata) Validate() error {
	if !m.Known() {
		return nil
	}
	columns, err := m.validateSchemas()
	if err != nil {
		return err
	}
	if err := m.validateSpecs(columns); err != nil {
		return err
	}
	if err := m.validateOrders(columns); err != nil {
		return err
	}
	if err := m.validateSnapshots(); err != nil {
		return err
	}
	return m.validateFiles()
}

// validateSchemas gives the current schema.
func (m *TableMetadata) validateSchemas() (*schema, error) {
	schemas, err := m.schemaParts()
	if err != nil {
		return nil, err
	}
	if err := m.checkIDs("schemas", "current-schema-id", idsOf(schemas, func(s *schema) int { return s.id })); err != nil {
		return nil, err
	}
	current, ok := find(schemas, func(s *schema) bool { return s.id == m.head.schema })
	if !ok {
		return nil, invalid("current-schema-id", "found %d, which is not among the schemas", m.head.schema)
	}
	return current, nil
}

func (m *TableMetadata) validateSpecs(columns *schema) error {
	specs, err := m.specParts()
	if err != nil {
		return err
	}
	if err := m.checkIDs("partition-specs", "default-spec-id", idsOf(specs, func(s *partitionSpec) int { return s.id })); err != nil {
		return err
	}
	spec, ok := find(specs, func(s *partitionSpec) bool { return s.id == m.head.spec })
	if !ok {
		return invalid("default-spec-id", "found %d, which is not among the partition specs", m.head.spec)
	}
	return spec.check("partition-specs", columns)
}

func (m *TableMetadata) validateOrders(columns *schema) error {
	orders, err := m.orderParts()
	if err != nil {
		return err
	}
	if err := m.checkIDs("sort-orders", "default-sort-order-id", idsOf(orders, func(o *sortOrder) int { return o.id })); err != nil {
		return err
	}
	order, ok := find(orders, func(o *sortOrder) bool { return o.id == m.head.order })
	if !ok {
		return nil // readers need none to read
	}
	return order.check("sort-orders", columns)
}

func idsOf[T any](p *parts[T], id func(T) int) []int {
	ids := make([]int, len(p.items))
	for i, item := range p.items {
		ids[i] = id(item.value)
	}
	return ids
}

// checkIDs refuses ids that occur twice, and to guess which of many is meant:
// format v1 may leave out the member that chooses, and readers differ then.
func (m *TableMetadata) checkIDs(key, choice string, ids []int) error {
	seen := make(map[int]bool, len(ids))
	for i, id := range ids {
		if seen[id] {
			return invalid(indexed(key, i), "id %d occurs twice", id)
		}
		seen[id] = true
	}
	if raw, ok := m.doc.get(choice); len(ids) > 1 && (!ok || isNull(raw)) {
		return invalid(choice, "is missing, and there are %d %s", len(ids), key)
	}
	return nil
}

func (m *TableMetadata) validateSnapshots() error {
	r := m.reader()
	if r.has("properties") {
		r.textMap("properties")
	}
	seen := make(map[int64]bool, len(m.snapshots))
	raw, _ := m.doc.get("snapshots")
	for i, entry := range m.snapshots {
		if seen[entry.id] {
			r.fail("snapshots", "snapshot %d occurs twice", entry.id)
		}
		seen[entry.id] = true
		s, err := decodeSnapshot(indexed("snapshots", i), entry.place.Of(raw))
		r.note(err)
		if err == nil && s.SequenceNumber > m.head.sequence {
			r.fail(indexed("snapshots", i), "sequence-number: found %d, up to the last sequence number %d is allowed", s.SequenceNumber, m.head.sequence)
		}
	}
	m.validateRefs(r, seen)
	return r.err
}

func (m *TableMetadata) validateRefs(r *reader, snapshots map[int64]bool) {
	if raw, ok := m.doc.get("refs"); ok && !isNull(raw) {
		_, err := parseObject("refs", raw)
		r.note(err)
	}
	for _, ref := range m.refsObject() {
		decoded, found := decodeRef("refs."+ref.key, ref.value)
		r.note(found.err)
		if found.err != nil {
			continue
		}
		if !snapshots[decoded.SnapshotID] {
			r.fail("refs", "%s: snapshot %d is not among the snapshots", ref.key, decoded.SnapshotID)
		}
		if ref.key == mainBranch && decoded.SnapshotID != m.head.snapshot {
			r.fail("current-snapshot-id", "found %d, main is at %d", m.head.snapshot, decoded.SnapshotID)
		}
	}
}

func (m *TableMetadata) validateFiles() error {
	r := m.reader()
	if r.hasNonNull("statistics") {
		for i, raw := range r.array("statistics") {
			_, err := decodeStatistics(indexed("statistics", i), raw)
			r.note(err)
		}
	}
	if r.hasNonNull("partition-statistics") {
		for i, raw := range r.array("partition-statistics") {
			_, err := decodePartitionStatistics(indexed("partition-statistics", i), raw)
			r.note(err)
		}
	}
	return r.err
}
