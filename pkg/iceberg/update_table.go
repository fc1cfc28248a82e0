package iceberg

import (
	"encoding/base64"
	"slices"
	"strings"
)

func decodeAssignUUID(r *reader) update {
	uuid := r.text("uuid")
	if uuid == "" {
		r.fail("uuid", "must not be empty")
	}
	return update{assigns: uuid, apply: func(d *draft) error {
		if strings.EqualFold(uuid, d.head.uuid) {
			return nil
		}
		// Java lets a table get another identity, against the specification: whoever
		// asserts the old one would then be refused forever.
		if d.base != nil && d.base.head.uuid != "" {
			return invalid("uuid", "Cannot reassign uuid: found %q, the table has %q", uuid, d.base.head.uuid)
		}
		d.head.uuid, d.changed = uuid, true
		return nil
	}}
}

func decodeUpgradeFormatVersion(r *reader) update {
	version := r.int("format-version")
	return update{version: version, apply: func(d *draft) error {
		switch {
		case version > maxWritten:
			return invalid("format-version", "Cannot upgrade table to unsupported format version: v%d (supported: v%d)", version, maxWritten)
		case version < d.head.version:
			return invalid("format-version", "Cannot downgrade v%d table to v%d", d.head.version, version)
		case version < 1:
			return invalid("format-version", "found %d, 1 to %d are allowed", version, maxWritten)
		}
		if version > d.head.version {
			d.head.version, d.changed = version, true
		}
		return nil
	}}
}

func decodeSetLocation(r *reader) update {
	location := stripTrailingSlash(r.text("location"))
	if location == "" {
		r.fail("location", "must not be empty")
	}
	return update{location: location, apply: func(d *draft) error {
		if location != d.head.location {
			d.head.location, d.changed = location, true
		}
		return nil
	}}
}

func decodeSetProperties(r *reader) update {
	key := "updates"
	if !r.has(key) && r.has("updated") {
		key = "updated" // the name before the protocol was released
	}
	updates := r.textMap(key)
	return update{apply: func(d *draft) error {
		if len(updates) == 0 {
			return nil
		}
		if err := d.loadProperties(); err != nil {
			return err
		}
		d.properties = d.properties.merged(updates)
		d.propertiesChanged, d.changed = true, true
		return nil
	}}
}

func decodeRemoveProperties(r *reader) update {
	key := "removals"
	if !r.has(key) && r.has("removed") {
		key = "removed" // the name before the protocol was released
	}
	removals := r.texts(key)
	return update{apply: func(d *draft) error {
		if len(removals) == 0 {
			return nil
		}
		if err := d.loadProperties(); err != nil {
			return err
		}
		d.properties = d.properties.without(removals...)
		d.propertiesChanged, d.changed = true, true
		return nil
	}}
}

func decodeSetStatistics(r *reader) update {
	raw := r.raw("statistics")
	if r.err != nil {
		return update{}
	}
	id, err := decodeStatistics("statistics", raw)
	r.note(err)
	return update{apply: func(d *draft) error { return d.statistics.set(d, id, raw) }}
}

// decodeStatistics gives the snapshot that a statistics file is of.
func decodeStatistics(at string, raw []byte) (int64, error) {
	file := read(at, raw)
	id := file.statisticsFile()
	file.long("file-footer-size-in-bytes")
	for i, blob := range file.array("blob-metadata") {
		file.note(checkBlob(indexed(file.path("blob-metadata"), i), blob))
	}
	return id, file.err
}

func decodePartitionStatistics(at string, raw []byte) (int64, error) {
	file := read(at, raw)
	id := file.statisticsFile()
	return id, file.err
}

// statisticsFile takes what both kinds of statistics files have.
func (r *reader) statisticsFile() int64 {
	id := r.long("snapshot-id")
	r.text("statistics-path")
	r.long("file-size-in-bytes")
	return id
}

func checkBlob(at string, raw []byte) error {
	r := read(at, raw)
	r.text("type")
	r.long("snapshot-id")
	r.long("sequence-number")
	r.ints("fields")
	if r.has("properties") {
		r.textMap("properties")
	}
	return r.err
}

func decodeRemoveStatistics(r *reader) update {
	id := r.long("snapshot-id")
	return update{apply: func(d *draft) error { return d.statistics.remove(d, map[int64]bool{id: true}) }}
}

func decodeSetPartitionStatistics(r *reader) update {
	raw := r.raw("partition-statistics")
	if r.err != nil {
		return update{}
	}
	id, err := decodePartitionStatistics("partition-statistics", raw)
	r.note(err)
	return update{apply: func(d *draft) error { return d.partitions.set(d, id, raw) }}
}

func decodeRemovePartitionStatistics(r *reader) update {
	id := r.long("snapshot-id")
	return update{apply: func(d *draft) error { return d.partitions.remove(d, map[int64]bool{id: true}) }}
}

func decodeAddEncryptionKey(r *reader) update {
	raw := r.raw("encryption-key")
	if r.err != nil {
		return update{}
	}
	key := read("encryption-key", raw)
	id := key.text("key-id")
	raw = key.object.with("encrypted-key-metadata", key.base64("encrypted-key-metadata")).encode()
	key.optionalText("encrypted-by-id")
	if key.has("properties") {
		key.textMap("properties")
	}
	r.note(key.err)
	return update{apply: func(d *draft) error {
		if err := d.loadKeys(); err != nil {
			return err
		}
		for _, existing := range d.keys {
			if found, _ := textOf(existing, "key-id"); found == id {
				return nil
			}
		}
		d.keys = append(slices.Clip(d.keys), raw)
		d.keysChanged, d.changed = true, true
		return nil
	}}
}

// base64 takes bytes, padded or not, and writes them padded.
func (r *reader) base64(key string) []byte {
	text := r.text(key)
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		r.fail(key, "found %q, base64 is allowed", text)
	}
	return quoted(base64.StdEncoding.EncodeToString(decoded))
}

func decodeRemoveEncryptionKey(r *reader) update {
	id := r.text("key-id")
	return update{apply: func(d *draft) error {
		if err := d.loadKeys(); err != nil {
			return err
		}
		var kept [][]byte
		for _, existing := range d.keys {
			if found, _ := textOf(existing, "key-id"); found != id {
				kept = append(kept, existing)
			}
		}
		if len(kept) != len(d.keys) {
			d.keys, d.keysChanged, d.changed = kept, true, true
		}
		return nil
	}}
}
