package housetable

import (
	"encoding/hex"
	"strings"
)

// Hold is what one house table of a warehouse has and no other may have, from
// its creation until it is dropped for good: its location or its metadata's
// uuid. Locations are paths: what is above or below a location that is held is
// taken as well. The restoring of a soft-deleted house table takes nothing,
// because nobody took it away.
type Hold string

// The sorts of holds, as they begin. A house table has at most one of each.
const (
	locationSort = "l:"
	uuidSort     = "u:"
)

// Limits of a location that is held.
const (
	MaxHeldBytes    = 2048
	MaxHeldSegments = 100
)

// HoldsOf are the holds that a change takes, in the order in which they are judged.
func HoldsOf(change Change) []Hold {
	switch c := change.(type) {
	case CreateTable:
		return holdsOf(c.Location, c.MetadataUUID)
	case SwapTable:
		return holdsOf(c.Location, c.MetadataUUID)
	}
	return nil
}

func holdsOf(location string, uuid *UUID) []Hold {
	var holds []Hold
	if uuid != nil {
		holds = append(holds, HoldOfUUID(*uuid))
	}
	if location != "" {
		holds = append(holds, HoldOfLocation(location))
	}
	return holds
}

// UUID that is held; nil when it is a location.
func (h Hold) UUID() *UUID {
	text, is := strings.CutPrefix(string(h), uuidSort)
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if !is || err != nil || len(raw) != len(UUID{}) {
		return nil
	}
	return (*UUID)(raw)
}

// HoldOfLocation is the hold of a location.
func HoldOfLocation(location string) Hold { return Hold(locationSort + location) }

// HoldOfUUID is the hold of a metadata's uuid.
func HoldOfUUID(uuid UUID) Hold { return Hold(uuidSort + uuid.String()) }

// Sort is what the hold begins with: a hold replaces that of its sort.
func (h Hold) Sort() string { return string(h[:len(locationSort)]) }

// Location that is held, "" when it is no location.
func (h Hold) Location() string {
	location, _ := strings.CutPrefix(string(h), locationSort)
	if location == string(h) {
		return ""
	}
	return location
}

// Above are the holds above this one, the outermost first.
func (h Hold) Above() []Hold {
	var above []Hold
	for i := range len(h) {
		if h[i] == '/' {
			above = append(above, h[:i])
		}
	}
	return above
}

// Below are the bounds between which, both excluded, all holds below this one
// sort by their bytes, and no other: '0' follows '/'.
func (h Hold) Below() (from, to Hold) { return h + "/", h + "0" }

// Overlaps reports whether the holds are the same or one is above the other.
func (h Hold) Overlaps(other Hold) bool {
	return h == other || strings.HasPrefix(string(h), string(other)+"/") || strings.HasPrefix(string(other), string(h)+"/")
}

// taken is the reason that the hold cannot be had.
func (h Hold) taken() Reason {
	if h.Sort() == uuidSort {
		return MetadataUUIDTaken
	}
	return LocationTaken
}

// Holder is a hold with the house table that has it, by the newest version that
// history tells of.
type Holder struct {
	Hold Hold
	UUID UUID
	// Newest version; nil when history tells of none.
	Newest *TableVersion
	Kind   Kind
	// DeletedAtMS is set when the newest version is a soft delete.
	DeletedAtMS *int64
	// JobID of the job that has the hold; empty when a house table does.
	JobID string
	// Lapsed is set when the job holds it no more.
	Lapsed bool
}

// Gone reports whether the house table is gone for good, live nor soft-deleted,
// or the job done. Such a holder is none: jobs leave their holds behind, and so
// did a version of this service that knew no holds and dropped house tables.
func (h Holder) Gone() bool {
	if h.JobID != "" {
		return h.Lapsed
	}
	return h.Newest == nil || h.Newest.Action == ActionPurge || h.Newest.Action == ActionDrop && h.DeletedAtMS == nil
}

// Table is as much of the house table as history tells; nil when a job has the hold.
func (h Holder) Table() *Table {
	if h.Newest == nil {
		return nil
	}
	return &Table{
		Key: h.Newest.Key, Kind: h.Kind, UUID: h.UUID, Version: h.Newest.Version, MetadataLocation: h.Newest.MetadataLocation,
		UpdatedAt: h.Newest.CommittedAt, DeletedAtMS: h.DeletedAtMS,
	}
}

// judgeHolds returns the conflict over the first hold of a change that another
// house table has, or that another change of the commit wants too; nil when
// there is none. wanted are the holds of all changes.
func (f *Facts) judgeHolds(index int, change Change, wanted map[Hold]int) *ChangeConflict {
	for _, hold := range HoldsOf(change) {
		for _, held := range f.holders {
			if held.Hold.Overlaps(hold) && !f.isOf(change, held.UUID) {
				return &ChangeConflict{Index: index, Reason: hold.taken(), Current: held.Table(), Location: held.Hold.Location(), JobID: held.JobID}
			}
		}
		for _, other := range append(hold.Above(), hold) {
			if rival, too := wanted[other]; too && rival != index {
				return &ChangeConflict{Index: index, Reason: hold.taken(), Location: other.Location()}
			}
		}
	}
	return nil
}

// isOf reports whether the change is one of this house table.
func (f *Facts) isOf(change Change, uuid UUID) bool {
	swap, ok := change.(SwapTable)
	if !ok {
		return false
	}
	current, _ := f.Table(swap.Key)
	return current.UUID == uuid
}

// wantedHolds are the holds that changes take, with the index of the first
// change that does.
func wantedHolds(changes []Change) map[Hold]int {
	wanted := map[Hold]int{}
	for index, change := range changes {
		for _, hold := range HoldsOf(change) {
			if _, twice := wanted[hold]; !twice {
				wanted[hold] = index
			}
		}
	}
	return wanted
}
