package command

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// change is one difference between two versions of a table.
type change struct {
	// Part is of the metadata: metadata, uuid, format-version, location, column,
	// partitioning, order, property, snapshot or ref.
	Part string `json:"part"`
	// Change is added, dropped, changed; of columns also renamed, retyped, moved,
	// required, optional or documented; of snapshots expired.
	Change string `json:"change"`
	Name   string `json:"name,omitempty"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

// The changes.
const (
	wasAdded   = "added"
	wasDropped = "dropped"
	wasChanged = "changed"
)

// changesBetween are the differences between the metadata in two files.
func changesBetween(earlier, later string, from, to metadata) []change {
	return slices.Concat(
		changedValue("metadata", earlier, later),
		changedValue("uuid", from.TableUUID, to.TableUUID),
		changedValue("format-version", strconv.Itoa(from.FormatVersion), strconv.Itoa(to.FormatVersion)),
		changedValue("location", from.Location, to.Location),
		columnChanges(from.columns(from.SchemaID), to.columns(to.SchemaID)),
		changedFields("partitioning", from.specFields(), to.specFields(), from.partitioning(), to.partitioning()),
		changedFields("order", from.orderFields(), to.orderFields(), from.order(), to.order()),
		changedTexts("property", from.Properties, to.Properties),
		snapshotChanges(from.Snapshots, to.Snapshots),
		changedTexts("ref", refTexts(from.Refs), refTexts(to.Refs)),
	)
}

func changedValue(part, from, to string) []change {
	if from == to {
		return nil
	}
	return []change{{Part: part, Change: wasChanged, From: from, To: to}}
}

// changedFields compares what a partitioning or an order is made of: names of columns
// are in their texts alone.
func changedFields(part string, from, to []transform, fromText, toText string) []change {
	if len(from) == 0 && len(to) == 0 || reflect.DeepEqual(from, to) {
		return nil
	}
	return []change{{Part: part, Change: wasChanged, From: fromText, To: toText}}
}

func (m metadata) specFields() []transform {
	for _, s := range m.Specs {
		if s.ID == m.SpecID {
			return s.Fields
		}
	}
	return nil
}

func (m metadata) orderFields() []transform {
	for _, o := range m.Orders {
		if o.ID == m.OrderID {
			return o.Fields
		}
	}
	return nil
}

// changedTexts compares what has names, in the order of the names.
func changedTexts(part string, from, to map[string]string) []change {
	all := maps.Clone(from)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, to)
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, before := from[name]
		is, after := to[name]
		switch {
		case !before:
			changes = append(changes, change{Part: part, Change: wasAdded, Name: name, To: is})
		case !after:
			changes = append(changes, change{Part: part, Change: wasDropped, Name: name, From: was})
		case was != is:
			changes = append(changes, change{Part: part, Change: wasChanged, Name: name, From: was, To: is})
		}
	}
	return changes
}

func refTexts(refs map[string]snapshotRef) map[string]string {
	texts := make(map[string]string, len(refs))
	for name, ref := range refs {
		texts[name] = fmt.Sprintf("%s %d", ref.Type, ref.ID)
	}
	return texts
}

// snapshotChanges are the snapshots that expired, and those that came.
func snapshotChanges(from, to []snapshot) []change {
	var changes []change
	ids := func(all []snapshot) map[int64]bool {
		found := make(map[int64]bool, len(all))
		for _, s := range all {
			found[s.ID] = true
		}
		return found
	}
	was, is := ids(from), ids(to)
	for _, s := range from {
		if !is[s.ID] {
			changes = append(changes, change{Part: "snapshot", Change: "expired", Name: strconv.FormatInt(s.ID, 10), From: s.text()})
		}
	}
	for _, s := range to {
		if !was[s.ID] {
			changes = append(changes, change{Part: "snapshot", Change: wasAdded, Name: strconv.FormatInt(s.ID, 10), To: s.text()})
		}
	}
	return changes
}

func (s snapshot) text() string { return at(s.TimestampMS) + " " + s.Summary["operation"] }
