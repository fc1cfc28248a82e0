package iceberg

// RefsDocument is the document with only those snapshots that a branch or tag
// points at, and only their statistics; all else stands as it is. It is what a
// client gets that asks for snapshots=refs.
func (m *TableMetadata) RefsDocument() []byte {
	wanted := map[int64]bool{}
	for _, ref := range m.Refs() {
		wanted[ref.SnapshotID] = true
	}
	if len(wanted) == len(m.snapshots) {
		return m.doc.text
	}
	raw, ok := m.doc.get("snapshots")
	if !ok {
		return m.doc.text
	}
	var kept [][]byte
	for _, entry := range m.snapshots {
		if wanted[entry.id] {
			kept = append(kept, entry.place.Of(raw))
		}
	}
	changes := []rewrite{{key: "snapshots", value: encodeArray(kept)}}
	for _, key := range []string{"statistics", "partition-statistics"} {
		if value, ok := m.statisticsOf(key, wanted); ok {
			changes = append(changes, rewrite{key: key, value: value})
		}
	}
	narrowed := m.doc.rewritten(changes)
	return narrowed.text
}

func (m *TableMetadata) statisticsOf(key string, wanted map[int64]bool) ([]byte, bool) {
	raw, ok := m.doc.get(key)
	if !ok || isNull(raw) {
		return nil, false
	}
	files, err := parseArray(key, raw)
	if err != nil {
		return nil, false
	}
	var kept [][]byte
	for _, file := range files {
		if r := read(key, file); wanted[r.long("snapshot-id")] {
			kept = append(kept, file)
		}
	}
	return encodeArray(kept), true
}
