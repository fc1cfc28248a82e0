package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// interim stands in for the metadata engine: plain maps, no checks to speak of.
type interim struct {
	raw []byte
	m   map[string]any
}

func (d *interim) Location() string        { s, _ := d.m["location"].(string); return s }
func (d *interim) UUID() string            { s, _ := d.m["table-uuid"].(string); return s }
func (d *interim) Bytes() []byte           { return d.raw }
func (d *interim) previousFiles() []string { return nil }
func (d *interim) Property(key string) (string, bool) {
	p, _ := d.m["properties"].(map[string]any)
	s, ok := p[key].(string)
	return s, ok
}

func number(v any) int64 {
	switch n := v.(type) {
	case json.Number:
		i, _ := n.Int64()
		return i
	case int:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

func decodeMap(data []byte) (map[string]any, error) {
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err := dec.Decode(&m)
	return m, err
}

func seal(m map[string]any) (document, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	m, err = decodeMap(raw)
	return &interim{raw, m}, err
}

func parseDocument(_ Kind, data []byte) (document, error) {
	m, err := decodeMap(data)
	if err != nil {
		return nil, err
	}
	if m["format-version"] == nil || m["location"] == nil {
		return nil, fault.New(fault.Invalid, "not metadata")
	}
	return &interim{data, m}, nil
}

func createTable(c TableCreation, id uuid.UUID, location string) (document, error) {
	schema, err := decodeMap(c.Schema)
	if err != nil {
		return nil, fault.Field("schema", "must be an object")
	}
	fields, _ := schema["fields"].([]any)
	for i, f := range fields {
		field, _ := f.(map[string]any)
		if t, ok := field["type"].(string); ok && t == "lung" {
			return nil, fault.Field("schema", "unknown type lung")
		}
		field["id"] = i + 1
	}
	schema["schema-id"] = 0
	props := map[string]any{"write.parquet.compression-codec": "zstd"}
	for k, v := range c.Properties {
		props[k] = v
	}
	return seal(map[string]any{
		"format-version": 2, "table-uuid": id.String(), "location": location, "last-updated-ms": time.Now().UnixMilli(),
		"last-column-id": len(fields), "schemas": []any{schema}, "current-schema-id": 0,
		"partition-specs": []any{map[string]any{"spec-id": 0, "fields": []any{}}}, "default-spec-id": 0, "last-partition-id": 999,
		"sort-orders": []any{map[string]any{"order-id": 0, "fields": []any{}}}, "default-sort-order-id": 0,
		"properties": props, "current-snapshot-id": -1, "refs": map[string]any{}, "snapshots": []any{}, "snapshot-log": []any{},
		"metadata-log": []any{}, "last-sequence-number": 0,
	})
}

func loadedRefs(location string, d document) (Loaded, error) {
	m := maps.Clone(d.(*interim).m)
	refs := map[int64]bool{}
	for _, r := range m["refs"].(map[string]any) {
		refs[number(r.(map[string]any)["snapshot-id"])] = true
	}
	m["snapshots"] = slices.DeleteFunc(slices.Clone(m["snapshots"].([]any)), func(s any) bool {
		return !refs[number(s.(map[string]any)["snapshot-id"])]
	})
	raw, err := json.Marshal(m)
	return Loaded{MetadataLocation: location, Metadata: raw}, err
}

type interimRevision struct{ reqs, updates []map[string]any }

func decodeList(field string, data []byte) ([]map[string]any, error) {
	var raws []json.RawMessage
	if err := json.Unmarshal(data, &raws); err != nil {
		return nil, fault.Field(field, "must be an array")
	}
	var out []map[string]any
	for i, r := range raws {
		m, err := decodeMap(r)
		if err != nil {
			return nil, fault.Field(fmt.Sprintf("%s[%d]", field, i), "must be an object")
		}
		out = append(out, m)
	}
	return out, nil
}

func tableRevisionOf(c TableChange) (revision, error) {
	reqs, err := decodeList("requirements", c.Requirements)
	if err != nil {
		return nil, err
	}
	for _, r := range reqs {
		t, _ := r["type"].(string)
		if !slices.Contains([]string{"assert-create", "assert-table-uuid", "assert-ref-snapshot-id", "assert-current-schema-id"}, t) {
			return nil, fault.Field("requirements", "unknown %v", r["type"])
		}
		if t == "assert-create" && len(reqs) > 1 {
			return nil, fault.Field("requirements", "assert-create stands alone")
		}
	}
	ups, err := decodeList("updates", c.Updates)
	if err != nil {
		return nil, err
	}
	for _, u := range ups {
		if a, _ := u["action"].(string); a == "melt" {
			return nil, fault.Field("updates", "unknown %v", a)
		}
		if u["action"] == "set-properties" {
			if _, ok := u["updates"].(map[string]any); !ok {
				return nil, fault.Field("updates", "updates must be an object")
			}
		}
	}
	return &interimRevision{reqs, ups}, nil
}

func (r *interimRevision) creates() bool {
	return len(r.reqs) == 1 && r.reqs[0]["type"] == "assert-create"
}

func (r *interimRevision) trace(base document) (trace, error) {
	t := traceless
	for _, u := range r.updates {
		if u["action"] != "add-snapshot" {
			continue
		}
		t = absent
		s := u["snapshot"].(map[string]any)
		for _, have := range base.(*interim).m["snapshots"].([]any) {
			h := have.(map[string]any)
			if number(h["snapshot-id"]) == number(s["snapshot-id"]) {
				if h["manifest-list"] != s["manifest-list"] {
					return 0, fault.New(fault.UnknownOutcome, "another attempt was applied")
				}
				t = present
			}
		}
	}
	return t, nil
}

func (r *interimRevision) rebases(first, base document) error {
	if first == base {
		return nil
	}
	for _, u := range r.updates {
		if u["action"] != "remove-snapshots" {
			continue
		}
		for name, ref := range base.(*interim).m["refs"].(map[string]any) {
			if _, had := first.(*interim).m["refs"].(map[string]any)[name]; had {
				continue
			}
			for _, id := range u["snapshot-ids"].([]any) {
				if number(id) == number(ref.(map[string]any)["snapshot-id"]) {
					return fault.New(fault.CommitFailed, "Requirement failed: %s", name)
				}
			}
		}
	}
	return nil
}

func (r *interimRevision) apply(base document, baseLocation string) (document, error) {
	m := map[string]any{"format-version": 2, "refs": map[string]any{}, "snapshots": []any{}, "properties": map[string]any{}, "snapshot-log": []any{}}
	if base != nil {
		b := base.(*interim)
		m, _ = decodeMap(b.raw)
		for _, q := range r.reqs {
			if err := r.check(b.m, q); err != nil {
				return nil, err
			}
		}
	}
	for _, u := range r.updates {
		if err := applyInterim(m, u); err != nil {
			return nil, err
		}
	}
	if base != nil {
		raw, _ := json.Marshal(m)
		old, _ := json.Marshal(base.(*interim).m)
		if bytes.Equal(raw, old) {
			return base, nil
		}
	}
	return seal(m)
}

func (r *interimRevision) check(m, q map[string]any) error {
	switch q["type"] {
	case "assert-table-uuid":
		if !strings.EqualFold(q["uuid"].(string), m["table-uuid"].(string)) {
			return fault.New(fault.CommitFailed, "Requirement failed: UUID does not match")
		}
	case "assert-ref-snapshot-id":
		ref, has := m["refs"].(map[string]any)[q["ref"].(string)].(map[string]any)
		if has != (q["snapshot-id"] != nil) || number(ref["snapshot-id"]) != number(q["snapshot-id"]) {
			return fault.New(fault.CommitFailed, "Requirement failed: branch %v has changed", q["ref"])
		}
	case "assert-current-schema-id":
		if number(m["current-schema-id"]) != number(q["current-schema-id"]) {
			return fault.New(fault.CommitFailed, "Requirement failed: current schema changed")
		}
	}
	return nil
}

func applyInterim(m, u map[string]any) error {
	switch u["action"] {
	case "assign-uuid":
		m["table-uuid"] = u["uuid"]
	case "set-location":
		m["location"] = u["location"]
	case "set-properties":
		maps.Copy(m["properties"].(map[string]any), u["updates"].(map[string]any))
	case "add-schema":
		m["schemas"] = []any{u["schema"]}
		m["current-schema-id"] = 0
	case "add-snapshot":
		m["snapshots"] = append(m["snapshots"].([]any), u["snapshot"])
	case "set-snapshot-ref":
		m["refs"].(map[string]any)[u["ref-name"].(string)] = map[string]any{"snapshot-id": u["snapshot-id"], "type": u["type"]}
		if u["ref-name"] == "main" {
			m["current-snapshot-id"] = u["snapshot-id"]
			m["snapshot-log"] = append(m["snapshot-log"].([]any), u["snapshot-id"])
		}
	case "remove-snapshots":
		m["snapshots"] = []any{}
	}
	return nil
}

func createView(ViewCreation, uuid.UUID, string) (document, error) {
	return nil, fault.New(fault.Unsupported, "views are not created yet")
}

func viewRevisionOf(ViewChange) (revision, error) {
	return nil, fault.New(fault.Unsupported, "views are not committed to yet")
}
