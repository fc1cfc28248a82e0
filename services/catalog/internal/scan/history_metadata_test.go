package scan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/iceberg-go"

	"github.com/igloo-catalog/igloo/services/catalog/internal/scan"
)

func (h *history) write(spec int, content iceberg.ManifestContent, members []member) {
	var out bytes.Buffer
	snapshot := int64(len(h.snapshots) + 1)
	schema := &iceberg.Schema{}
	h.must(json.Unmarshal([]byte(h.everySchema()), schema))
	w, err := iceberg.NewManifestWriter(h.version, &out, h.specs[spec], schema, snapshot, iceberg.WithManifestWriterContent(content))
	h.must(err)
	for _, m := range members {
		if m.status == iceberg.EntryStatusADDED {
			m.snapshot, m.sequence = snapshot, h.number()
		}
		entry := iceberg.NewManifestEntryBuilder(m.status, &m.snapshot, m.data).SequenceNum(m.sequence).FileSequenceNum(m.sequence).Build()
		h.must(map[iceberg.ManifestEntryStatus]func(iceberg.ManifestEntry) error{
			iceberg.EntryStatusADDED: w.Add, iceberg.EntryStatusEXISTING: w.Existing, iceberg.EntryStatusDELETED: w.Delete,
		}[m.status](entry))
	}
	h.must(w.Close())
	path := h.save(fmt.Sprintf("manifest-%d-%d.avro", snapshot, len(h.manifests)), out.Bytes())
	file, err := w.ToManifestFile(path, int64(out.Len()), iceberg.WithManifestFileContent(content))
	h.must(err)
	// From now on its numbers are known, as to one who read the list.
	h.manifests = append(h.manifests, listed{file, spec, slices.Clone(members)})
}

// everySchema has every column there ever was: manifests of old specs need it.
func (h *history) everySchema() string {
	byID := map[int]field{}
	for _, text := range append(slices.Clone(h.schemas), h.schemas[len(h.schemas)-1]) {
		var s struct{ Fields []field }
		h.must(json.Unmarshal([]byte(text), &s))
		for _, f := range s.Fields {
			byID[f.ID] = f
		}
	}
	fields := make([]field, 0, len(byID))
	for id := 1; id <= h.lastColumn; id++ {
		if f, ok := byID[id]; ok {
			f.Name = fmt.Sprintf("%s_%d", f.Name, id)
			fields = append(fields, f)
		}
	}
	text, err := json.Marshal(map[string]any{"type": "struct", "schema-id": len(h.schemas) - 1, "fields": fields})
	h.must(err)
	return string(text)
}

func (h *history) number() int64 {
	if h.version == 1 {
		return 0
	}
	return h.sequence
}

func (h *history) save(name string, data []byte) string {
	path := filepath.Join(h.folder, name)
	h.must(os.WriteFile(path, data, 0o600))
	return "file://" + path
}

// list writes the manifest list of a snapshot, which is returned as metadata has it.
func (h *history) list(operation string) string {
	var out bytes.Buffer
	id := int64(len(h.snapshots) + 1)
	parent := id - 1
	files := make([]iceberg.ManifestFile, 0, len(h.manifests))
	for _, m := range h.manifests {
		files = append(files, m.file)
	}
	h.must(iceberg.WriteManifestList(h.version, &out, id, &parent, &h.sequence, 0, files))
	list := h.save(fmt.Sprintf("list-%d.avro", id), out.Bytes())
	numbered, err := iceberg.ReadManifestList(bytes.NewReader(out.Bytes()))
	h.must(err)
	for i := range numbered {
		h.manifests[i].file = numbered[i]
	}
	snapshot := map[string]any{
		"snapshot-id": id, "timestamp-ms": 1_700_000_000_000 + id, "manifest-list": list, "schema-id": len(h.schemas) - 1,
		"summary": map[string]string{"operation": operation},
	}
	if parent > 0 {
		snapshot["parent-snapshot-id"] = parent
	}
	if h.version > 1 {
		snapshot["sequence-number"] = h.sequence
	}
	if h.version > 2 {
		snapshot["first-row-id"], snapshot["added-rows"] = 0, 100
	}
	text, err := json.Marshal(snapshot)
	h.must(err)
	return string(text)
}

// table is what planning is given, and others read from its location.
func (h *history) table() scan.Table {
	raw := func(texts ...string) []json.RawMessage {
		all := make([]json.RawMessage, len(texts))
		for i, text := range texts {
			all[i] = json.RawMessage(text)
		}
		return all
	}
	snapshots := make([]string, 0, len(h.snapshots))
	for _, s := range h.snapshots {
		snapshots = append(snapshots, s.text)
	}
	last := h.snapshots[len(h.snapshots)-1].id
	document := map[string]any{
		"format-version": h.version, "table-uuid": "3b5b63ee-8f6f-4d3b-a7a1-7d5b8fd8fa01", "location": "file://" + h.folder,
		"last-updated-ms": 1_700_000_001_000, "last-column-id": h.lastColumn, "properties": map[string]string{},
		"current-schema-id": len(h.schemas) - 1, "schemas": raw(h.schemas...), "schema": json.RawMessage(h.schemas[len(h.schemas)-1]),
		"default-spec-id": len(h.specs) - 1, "partition-specs": h.specs, "partition-spec": []any{}, "last-partition-id": 1999,
		"default-sort-order-id": 0, "sort-orders": raw(`{"order-id":0,"fields":[]}`), "snapshot-log": []any{}, "metadata-log": []any{},
		"current-snapshot-id": last, "snapshots": raw(snapshots...), "refs": map[string]any{"main": map[string]any{"type": "branch", "snapshot-id": last}},
	}
	if h.version > 1 {
		document["last-sequence-number"] = h.sequence
	}
	if h.version > 2 {
		document["next-row-id"] = 100_000
	}
	metadata, err := json.Marshal(document)
	h.must(err)
	return scan.Table{Warehouse: "w", MetadataLocation: h.save("v1.metadata.json", metadata), Metadata: metadata}
}
