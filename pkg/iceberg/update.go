package iceberg

import (
	"fmt"
	"strings"
	"time"
)

// Updates are the changes of a commit, in the order in which they apply.
type Updates []update

// update is one change. Its decoder has checked all that does not depend on the
// table.
type update struct {
	action string
	apply  func(d *draft) error
	// What a caller may ask of the update without applying it.
	snapshot  *snapshot
	location  string
	ref       string
	removes   []int64
	version   int
	assigns   string
	dropsRef  bool
	dropsSnap bool
}

// updateDecoder has an entry for each action of the protocol.
// Source: REST specification, TableUpdate.
func updateDecoder(action string) func(r *reader) update {
	switch action {
	case "assign-uuid":
		return decodeAssignUUID
	case "upgrade-format-version":
		return decodeUpgradeFormatVersion
	case "add-schema":
		return decodeAddSchema
	case "set-current-schema":
		return decodeSetCurrentSchema
	case "add-spec":
		return decodeAddSpec
	case "set-default-spec":
		return decodeSetDefaultSpec
	case "add-sort-order":
		return decodeAddSortOrder
	case "set-default-sort-order":
		return decodeSetDefaultSortOrder
	case "add-snapshot":
		return decodeAddSnapshot
	case "set-snapshot-ref":
		return decodeSetSnapshotRef
	case "remove-snapshots":
		return decodeRemoveSnapshots
	case "remove-snapshot-ref":
		return decodeRemoveSnapshotRef
	}
	return smallUpdateDecoder(action)
}

func smallUpdateDecoder(action string) func(r *reader) update {
	switch action {
	case "set-location":
		return decodeSetLocation
	case "set-properties":
		return decodeSetProperties
	case "remove-properties":
		return decodeRemoveProperties
	case "set-statistics":
		return decodeSetStatistics
	case "remove-statistics":
		return decodeRemoveStatistics
	case "set-partition-statistics":
		return decodeSetPartitionStatistics
	case "remove-partition-statistics":
		return decodeRemovePartitionStatistics
	case "remove-partition-specs":
		return decodeRemoveSpecs
	case "remove-schemas":
		return decodeRemoveSchemas
	case "add-encryption-key":
		return decodeAddEncryptionKey
	case "remove-encryption-key":
		return decodeRemoveEncryptionKey
	}
	return nil
}

// DecodeUpdates reads a JSON array of table updates. An unknown action, like
// anything malformed, is KindInvalid and named by its place in the array.
func DecodeUpdates(raw []byte) (Updates, error) {
	elements, err := parseArray("updates", raw)
	if err != nil {
		return nil, err
	}
	updates := make(Updates, len(elements))
	for i, element := range elements {
		if updates[i], err = decodeUpdate(indexed("updates", i), element); err != nil {
			return nil, err
		}
	}
	return updates, nil
}

func decodeUpdate(at string, raw []byte) (update, error) {
	r := read("", raw)
	action := strings.ToLower(r.text("action"))
	if r.err != nil {
		return update{}, within(at, r.err)
	}
	decode := updateDecoder(action)
	if decode == nil {
		return update{}, invalid(at+".action", "found %q, which is not a table update", action)
	}
	u := decode(r)
	u.action = action
	if r.err != nil {
		return u, within(fmt.Sprintf("%s (%s)", at, action), r.err)
	}
	return u, nil
}

// Application is when and on what updates are applied.
type Application struct {
	// Now is the time of the commit.
	Now time.Time
	// PreviousLocation is the metadata location of the base: it goes to the
	// metadata log. Empty when a table is created, and when the base was never
	// stored.
	PreviousLocation string
}

// Apply makes the document that the updates make of base; a nil base is a table
// that does not exist yet. base itself comes back when they change nothing. An
// update that cannot apply to any state of the table is KindInvalid, one that
// comes too late for this one KindConflict; either names the update by its place.
func (u Updates) Apply(base *TableMetadata, at Application) (*TableMetadata, error) {
	if base != nil && base.head.version > maxWritten {
		return nil, invalid("format-version", "found %d, up to %d can be committed to", base.head.version, maxWritten)
	}
	d := newDraft(base, u.initialVersion(), at.Now)
	for i, one := range u {
		if err := one.apply(d); err != nil {
			return nil, within(fmt.Sprintf("updates[%d] (%s)", i, one.action), err)
		}
	}
	if base != nil && !d.changed {
		return base, nil
	}
	return d.build(at.PreviousLocation)
}

// initialVersion is the format version that a new table begins with.
func (u Updates) initialVersion() int {
	for _, one := range u {
		if one.action == "upgrade-format-version" {
			return one.version
		}
	}
	return defaultVersion
}

// AddedSnapshot is a snapshot that a commit adds.
type AddedSnapshot struct {
	ID           int64
	ManifestList string
}

// AddedSnapshots are the snapshots that the updates add: by them a commit that
// is sent again can be recognised.
func (u Updates) AddedSnapshots() []AddedSnapshot {
	var added []AddedSnapshot
	for _, one := range u {
		if one.snapshot != nil {
			added = append(added, AddedSnapshot{ID: one.snapshot.ID, ManifestList: one.snapshot.ManifestList})
		}
	}
	return added
}

// SetLocations are the locations that the updates move the table to.
func (u Updates) SetLocations() []string {
	var locations []string
	for _, one := range u {
		if one.action == "set-location" {
			locations = append(locations, one.location)
		}
	}
	return locations
}

// AssignedUUIDs are the UUIDs that the updates give the table.
func (u Updates) AssignedUUIDs() []string {
	var uuids []string
	for _, one := range u {
		if one.action == "assign-uuid" {
			uuids = append(uuids, one.assigns)
		}
	}
	return uuids
}

// RemovedRefs are the branches and tags that the updates remove by name.
func (u Updates) RemovedRefs() []string {
	var refs []string
	for _, one := range u {
		if one.dropsRef {
			refs = append(refs, one.ref)
		}
	}
	return refs
}

// RemovesSnapshots tells whether the updates remove snapshots.
func (u Updates) RemovesSnapshots() bool {
	for _, one := range u {
		if one.dropsSnap {
			return true
		}
	}
	return false
}

// GuardRebase refuses, as KindConflict, to apply the updates to head when they
// would drop a branch or tag that the client, who saw seen, can know nothing of:
// no requirement of the protocol catches a snapshot that was tagged after the
// client decided to expire it.
func (u Updates) GuardRebase(seen, head *TableMetadata) error {
	if !u.RemovesSnapshots() || seen == nil || seen == head {
		return nil
	}
	named := map[string]bool{}
	for _, name := range u.RemovedRefs() {
		named[name] = true
	}
	known := seen.Refs()
	for name, ref := range head.Refs() {
		if named[name] || known[name] == ref {
			continue
		}
		for _, one := range u {
			for _, id := range one.removes {
				if id == ref.SnapshotID {
					return conflict("snapshot %d cannot be removed: %s %s was set to it meanwhile", id, ref.Type, name)
				}
			}
		}
	}
	return nil
}
