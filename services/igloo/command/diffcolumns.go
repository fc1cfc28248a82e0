package command

import (
	"encoding/json"
	"slices"
	"strconv"
)

// flatColumn is a column, or a part of one, in a schema that is laid out flat.
type flatColumn struct {
	column
	// path is its name with those above it, parent the id of what it is in, 0 for the
	// schema.
	path   string
	parent int
	// kind is its type without the types within.
	kind string
}

// flattened are the columns and all that is in them, in their order.
func flattened(columns []column, above string, parent int) []flatColumn {
	var flat []flatColumn
	for _, c := range columns {
		var n nested
		if json.Unmarshal(c.Type, &n) != nil {
			flat = append(flat, flatColumn{c, above + c.Name, parent, typeText(c.Type)})
			continue
		}
		flat = append(flat, flatColumn{c, above + c.Name, parent, n.Type})
		flat = append(flat, flattened(n.parts(), above+c.Name+".", c.ID)...)
	}
	return flat
}

// columnChanges compares two schemas by the ids of columns, which are what a column is
// whatever it is called.
func columnChanges(from, to []column) []change {
	before, after := flattened(from, "", 0), flattened(to, "", 0)
	was, is := byID(before), byID(after)
	var changes []change
	for _, c := range before {
		if _, there := is[c.ID]; !there {
			changes = append(changes, change{Part: "column", Change: wasDropped, Name: c.path, From: typeText(c.Type)})
		}
	}
	moved := movedColumns(before, after)
	for _, c := range after {
		old, there := was[c.ID]
		if !there {
			changes = append(changes, change{Part: "column", Change: wasAdded, Name: c.path, To: typeText(c.Type)})
			continue
		}
		changes = append(changes, old.changes(c)...)
		if place, is := moved[c.ID]; is {
			changes = append(changes, place.change(c.path))
		}
	}
	return changes
}

func byID(columns []flatColumn) map[int]flatColumn {
	found := make(map[int]flatColumn, len(columns))
	for _, c := range columns {
		found[c.ID] = c
	}
	return found
}

// changes are what differs in a column that is there before and after.
func (f flatColumn) changes(later flatColumn) []change {
	var changes []change
	add := func(what, from, to string) {
		changes = append(changes, change{Part: "column", Change: what, Name: later.path, From: from, To: to})
	}
	if f.Name != later.Name {
		add("renamed", f.path, later.path)
	}
	if f.kind != later.kind {
		add("retyped", typeText(f.Type), typeText(later.Type))
	}
	switch {
	case f.Required && !later.Required:
		add("optional", "", "")
	case !f.Required && later.Required:
		add("required", "", "")
	}
	if f.Doc != later.Doc {
		add("documented", f.Doc, later.Doc)
	}
	return changes
}

// position is where a column stands among those beside it, from 1.
type position struct{ from, to int }

func (p position) change(name string) change {
	return change{Part: "column", Change: "moved", Name: name, From: strconv.Itoa(p.from), To: strconv.Itoa(p.to)}
}

// movedColumns are the fewest columns that were moved for the others to stand as they
// do: those outside of the longest row that kept its order.
func movedColumns(before, after []flatColumn) map[int]position {
	positions := func(columns []flatColumn) map[int]int {
		next, found := map[int]int{}, make(map[int]int, len(columns))
		for _, c := range columns {
			next[c.parent]++
			found[c.ID] = next[c.parent]
		}
		return found
	}
	was, is, beside := positions(before), positions(after), map[int][]int{}
	for _, c := range after {
		if was[c.ID] > 0 {
			beside[c.parent] = append(beside[c.parent], c.ID)
		}
	}
	moved := map[int]position{}
	for _, ids := range beside {
		kept := longestRising(ids, was)
		for _, id := range ids {
			if !kept[id] {
				moved[id] = position{from: was[id], to: is[id]}
			}
		}
	}
	return moved
}

// longestRising are the ids of a longest row whose positions rise, found by the ends of
// the rows of each length (patience sorting).
func longestRising(ids []int, position map[int]int) map[int]bool {
	var ends []int
	last := 0 // of the first row of the greatest length
	before := make(map[int]int, len(ids))
	for _, id := range ids {
		at, _ := slices.BinarySearchFunc(ends, id, func(end, id int) int { return position[end] - position[id] })
		if at > 0 {
			before[id] = ends[at-1]
		}
		if at == len(ends) {
			ends, last = append(ends, id), id
		}
		ends[at] = id
	}
	kept := map[int]bool{}
	for id := last; id != 0; id = before[id] {
		kept[id] = true
	}
	return kept
}
