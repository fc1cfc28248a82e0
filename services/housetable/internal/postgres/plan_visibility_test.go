package postgres

import (
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// manyTables are ten thousand in a hundred namespaces, of a hundred owners.
const manyTables = `INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid, version, metadata_location, storage_type, owner)
	SELECT 'default', 'n' || n % 100, 0, 't' || n, 'n' || n % 100, 't' || n, 1, gen_random_uuid(), 1, '/', '', 'corp:' || n / 100 FROM generate_series(1, 10000) n`

// TestPlansOfVisibility: what somebody may be shown is looked for by what they
// were given and what they own; a grant by its key, and what follows a version in
// the order of an index.
func TestPlansOfVisibility(t *testing.T) {
	s := openStore(t)
	s.mustExec(t, `INSERT INTO namespace (warehouse_id, database_key, database_id, properties, version) SELECT 'default', 'n' || n, 'n' || n, '{}', 1 FROM generate_series(0, 99) n`)
	s.mustExec(t, manyTables)
	s.mustExec(t, `INSERT INTO access_head (warehouse_id, version) VALUES ('default', 10000)`)
	s.mustExec(t, `INSERT INTO access_grant (warehouse_id, object_kind, object_id, grantee, privilege, version, revoked, granted_by)
		SELECT 'default', 'table', uuid::text, 'user:' || owner, 'select', row_number() OVER (), version % 2 = 0, '' FROM house_table`)
	v := &housetable.Visibility{UUIDs: []housetable.UUID{{1}}, Owner: "corp:7", DatabaseIDs: []string{"n1"}}
	q := housetable.TableQuery{Warehouse: housetable.DefaultWarehouse, DatabaseID: "n7", Kind: housetable.KindTable, Visible: v, Page: housetable.Page{Limit: 10}}
	tables, tableArgs := listing(listedTable, q)
	names, _ := naming(q)
	namespaces := housetable.NamespaceQuery{Warehouse: housetable.DefaultWarehouse, Visible: v}
	id := housetable.GrantID{Kind: "table", ID: "x", Grantee: "everyone", Privilege: "select"}
	changeArgs := []any{housetable.DefaultWarehouse, int64(1), false, "", ""}
	change := beginGrants + grantRows([]housetable.GrantID{id}, make([]housetable.Grant, 1)).unnest(&changeArgs) + applyGrants
	for _, statistics := range []string{"without", "with"} {
		for name, c := range map[string]struct {
			text string
			args []any
			by   []string
		}{
			"tables":     {tables, tableArgs, []string{"house_table_uuid", "house_table_owner"}},
			"names":      {names, tableArgs, []string{"house_table_uuid", "house_table_owner"}},
			"namespaces": {listVisibleNamespaces, append(visibleArgs(namespaces), "", 11, 0), []string{"house_table_uuid", "house_table_owner", "namespace_pkey"}},
			"visible":    {namespaceVisible, []any{housetable.DefaultWarehouse, "n7", []string{}, [][16]byte{}, ""}, []string{"house_table_uuid", "house_table_owner"}},
			"change":     {change, changeArgs, []string{"access_grant_pkey"}},
			"follow":     {followGrants, []any{housetable.DefaultWarehouse, int64(7), 100}, []string{"access_grant_version"}},
			"forget":     {forgetGrants, []any{housetable.DefaultWarehouse, "24 h", 100}, []string{"access_grant_revoked"}},
		} {
			plan := s.plan(t, c.text, c.args...)
			for _, index := range c.by {
				if !strings.Contains(plan, index) {
					t.Errorf("%s statistics, %s is not by %s:\n%s", statistics, name, index, plan)
				}
			}
			for _, table := range []string{"house_table", "namespace", "access_grant"} {
				if strings.Contains(plan, "Seq Scan on "+table) {
					t.Errorf("%s statistics, %s reads all of %s:\n%s", statistics, name, table, plan)
				}
			}
		}
		s.mustExec(t, "ANALYZE")
	}
}
