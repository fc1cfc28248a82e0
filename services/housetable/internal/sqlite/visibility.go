package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// What somebody may be shown is found from what they were given and what they
// own, each by an index. CROSS JOIN keeps the order of the look-ups.
const (
	visibleOf    = ` FROM (`
	countVisible = `SELECT count(*)` + visibleOf
	givenTables  = `SELECT h.table_key AS shown FROM json_each(?) u CROSS JOIN house_table h
		WHERE h.warehouse_id = ? AND h.uuid = unhex(u.value) AND h.database_key = ? AND h.kind = ? AND h.table_key > ? UNION SELECT * FROM (SELECT table_key`
	ownedTables = tablesOf + ` AND owner = ? AND owner <> ''`
	shownTables = `)) CROSS JOIN house_table WHERE warehouse_id = ? AND database_key = ? AND kind = ? AND table_key > ? AND table_key = shown`

	// ?1 is the warehouse, ?2 the parent's key, ?3 the databases' keys, ?4 the uuids,
	// ?5 the owner. Of the namespaces below the parent that lead to something, the
	// first level is shown.
	visibleNamespaces = `WITH RECURSIVE owned(key) AS (
			SELECT min(database_key) FROM house_table WHERE warehouse_id = ?1 AND owner = ?5 AND owner <> ''
			UNION ALL SELECT (SELECT min(database_key) FROM house_table WHERE warehouse_id = ?1 AND owner = ?5 AND owner <> '' AND database_key > owned.key)
			FROM owned WHERE owned.key IS NOT NULL),
		leading(key) AS (
			SELECT value FROM json_each(?3)
			UNION SELECT h.database_key FROM json_each(?4) u CROSS JOIN house_table h WHERE h.warehouse_id = ?1 AND h.uuid = unhex(u.value)
			UNION SELECT key FROM owned WHERE key IS NOT NULL),
		below(level) AS (
			SELECT CASE WHEN ?2 = '' THEN key ELSE substr(key, length(?2) + 2) END FROM leading
			WHERE ?2 = '' OR substr(key, 1, length(?2) + 1) = ?2 || '.'),
		shown(key) AS (
			SELECT DISTINCT CASE WHEN ?2 = '' THEN '' ELSE ?2 || '.' END || CASE instr(level, '.') WHEN 0 THEN level ELSE substr(level, 1, instr(level, '.') - 1) END
			FROM below)`
	amongShown            = ` FROM shown CROSS JOIN namespace WHERE warehouse_id = ?1 AND database_key = shown.key`
	listVisibleNamespaces = visibleNamespaces + ` SELECT ` + namespaceColumns + `, database_key` + amongShown + `
		AND database_key > ?6 ORDER BY database_key LIMIT ?7 OFFSET ?8`
	countVisibleNamespaces = visibleNamespaces + ` SELECT count(*)` + amongShown

	// ?2 is the namespace's key.
	namespaceVisible = `SELECT EXISTS (SELECT 1 FROM json_each(?3) WHERE value = ?2 OR substr(value, 1, length(?2) + 1) = ?2 || '.')
		OR EXISTS (SELECT 1 FROM json_each(?4) u CROSS JOIN house_table h WHERE h.warehouse_id = ?1 AND h.uuid = unhex(u.value)
			AND (h.database_key = ?2 OR substr(h.database_key, 1, length(?2) + 1) = ?2 || '.'))
		OR EXISTS (SELECT 1 FROM house_table WHERE warehouse_id = ?1 AND owner = ?5 AND owner <> '' AND database_key = ?2)
		OR EXISTS (SELECT 1 FROM house_table WHERE warehouse_id = ?1 AND owner = ?5 AND owner <> '' AND database_key > ?2 || '.' AND database_key < ?2 || '/')`
)

// visibleTables is a query of what of a namespace may be shown, of those that
// match; args are those of the match behind the four that every list has.
func visibleTables(what string, q housetable.TableQuery, condition string, args []any, page bool) (string, []any) {
	place, match := args[:4], args[4:]
	text := what + givenTables + ownedTables + condition
	all := append([]any{hexes(q.Visible.UUIDs)}, place...)
	all = append(append(append(all, place...), q.Visible.Owner), match...)
	if page && q.Order == housetable.ByKey { // else the first by name need not be the first
		text += " ORDER BY table_key LIMIT ?"
		all = append(all, q.Limit+1+q.Skip)
	}
	return text + shownTables + condition, append(append(all, place...), match...)
}

func visibleArgs(q housetable.NamespaceQuery, spell spelling) []any {
	return []any{q.Warehouse, spell.id(q.ParentID), spell.list(q.Visible.DatabaseIDs), hexes(q.Visible.UUIDs), q.Visible.Owner}
}

// list is ids as they are compared, in JSON.
func (s spelling) list(ids []string) string {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = s.id(id)
	}
	return jsonList(keys)
}

func hexes(ids []housetable.UUID) string {
	digits := make([]string, len(ids))
	for i, id := range ids {
		digits[i] = hex.EncodeToString(id[:])
	}
	return jsonList(digits)
}

// jsonList is text in JSON; strings always marshal.
func jsonList(list []string) string {
	text, err := json.Marshal(list)
	if err != nil {
		return "[]"
	}
	return string(text)
}

// NamespaceVisible reports whether a namespace may be shown.
func (s *Store) NamespaceVisible(ctx context.Context, warehouse, databaseID string, v housetable.Visibility) (bool, error) {
	spell, err := s.spelling(ctx, warehouse)
	if err != nil {
		return false, err
	}
	if _, err := s.Namespace(ctx, warehouse, databaseID); err != nil {
		return false, err
	}
	found, err := find(ctx, s, scanBool, namespaceVisible, warehouse, spell.id(databaseID), spell.list(v.DatabaseIDs), hexes(v.UUIDs), v.Owner)
	if err != nil {
		return false, err
	}
	return *found, nil
}
