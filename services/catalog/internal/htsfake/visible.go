package htsfake

import (
	"bytes"
	"slices"
	"strings"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// shown are the names of a list that are in its visibility.
func (w *warehouse) shown(r *htsv1.ListTablesRequest) []string {
	names := w.names(r.GetDatabaseId(), r.GetKind())
	if r.GetVisibility() == nil {
		return names
	}
	function := r.GetKind() == htsv1.TableKind_TABLE_KIND_FUNCTION
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !shows(r.GetVisibility(), w.tables[tableKey{database: r.GetDatabaseId(), table: name, function: function}])
	})
}

// shows reports whether a house table is in a visibility.
func shows(v *htsv1.Visibility, e *entry) bool {
	return v.GetOwner() != "" && e.table.GetOwner() == v.GetOwner() ||
		slices.ContainsFunc(v.GetUuids(), func(id []byte) bool { return bytes.Equal(id, e.table.GetUuid()) })
}

// showsNamespace reports whether a namespace is in a visibility, or anything in it.
func (w *warehouse) showsNamespace(v *htsv1.Visibility, id string) bool {
	in := func(database string) bool { return database == id || strings.HasPrefix(database, id+".") }
	if v == nil || slices.ContainsFunc(v.GetDatabaseIds(), in) {
		return true
	}
	for k, e := range w.tables {
		if in(k.database) && shows(v, e) {
			return true
		}
	}
	return false
}
