package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// TestPlansOfAnEmptyDatabase: what is planned while there is nothing yet, or not
// much, is carried out when there is, until the database has statistics. Names and
// holds are looked up one by one all the same.
func TestPlansOfAnEmptyDatabase(t *testing.T) {
	s := openStore(t)
	key, id := housetable.TableKey{DatabaseID: "db", TableID: "t"}, housetable.UUID{1}
	swap := housetable.SwapTable{Key: key}
	changes := map[string][]housetable.Change{
		"swap":        {swap},
		"versioned":   {housetable.SwapTable{Key: key, Expect: housetable.Expectation{Version: new(int64(1))}}},
		"transaction": {swap, housetable.SwapTable{Key: housetable.TableKey{DatabaseID: "db", TableID: "u"}}},
		"move":        {housetable.SwapTable{Key: key, Location: "/w/n/t", MetadataUUID: &id}},
		"create":      {housetable.CreateTable{Key: key, Kind: housetable.KindTable, Location: "/w/n/t", MetadataUUID: &id}},
		"implicit":    {housetable.CreateTable{Key: key, Kind: housetable.KindTable, ImplicitNamespace: true}},
		"drop":        {housetable.DropTable{Key: key, Soft: true}},
		"rename":      {housetable.RenameTable{Key: key, Destination: key}},
		"restore":     {housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: key}}},
		"namespace":   {housetable.CreateNamespace{DatabaseID: "a.b"}},
		"close":       {housetable.DropNamespace{DatabaseID: "a"}},
		"amend":       {housetable.UpdateNamespace{DatabaseID: "a"}},
	}
	for _, filled := range []string{"an empty", "a small", "a full"} {
		for name, c := range changes {
			for _, by := range []composer{compose, composeParts} {
				for count, number := range []string{"alone", "together"} {
					text, args, err := by(slices.Repeat([]housetable.Commit{{
						Warehouse: housetable.DefaultWarehouse, Operations: []housetable.Operation{{ID: id}}, Changes: c,
					}}, count+1))
					if err != nil {
						t.Fatal(err)
					}
					s.wantLookups(t, filled+" database, "+name+" "+number, text, args...)
				}
			}
		}
		keys := tableArgs(housetable.DefaultWarehouse, []housetable.TableKey{key})
		s.wantLookups(t, filled+" database, read", selectNumbered, keys...)
		s.wantLookups(t, filled+" database, sites", selectSites, keys...)
		s.wantLookups(t, filled+" database, explained", selectTables, keys...)
		s.wantLookups(t, filled+" database, namespace", selectNamespaces, idArgs(housetable.DefaultWarehouse, []string{"a"})...)
		mark := s.plan(t, selectMark, housetable.DefaultWarehouse, "a", "1")
		if !strings.Contains(mark, "change_event_listed") || !strings.Contains(mark, "change_event_left") {
			t.Errorf("%s database, mark:\n%s", filled, mark)
		}
		if filled == "an empty" {
			s.fill(t, 100)
		} else {
			s.fill(t, 10_000)
		}
	}
}

// fill puts in so many of everything; what is there already stays.
func (s *Store) fill(t *testing.T, count int) {
	t.Helper()
	s.mustExec(t, `INSERT INTO namespace (warehouse_id, database_key, database_id, properties, version)
		SELECT 'default', 'n' || n, 'n' || n, '{}', 1 FROM generate_series(0, 99) n ON CONFLICT DO NOTHING`)
	for _, many := range append(strings.Split(manyHolds, ";"), manyTables) {
		s.mustExec(t, fmt.Sprintf("%s LIMIT %d ON CONFLICT DO NOTHING", many, count))
	}
}

// scans of a plan are the tables that are read, with the conditions they are read by.
var scans = regexp.MustCompile(`(?m)^.*(Scan) (?:using \w+ )?on (house_table|soft_deleted_table|namespace|table_hold)\b.*$`)

// wantLookups wants a statement to read each table by a key of it, and not all
// that a warehouse has.
func (s *Store) wantLookups(t *testing.T, name, text string, args ...any) {
	t.Helper()
	plan := s.plan(t, text, args...)
	for _, at := range scans.FindAllStringIndex(plan, -1) {
		line, rest, _ := strings.Cut(plan[at[0]:], "\n")
		condition, _, _ := strings.Cut(rest, "\n")
		if !strings.Contains(condition, "Cond: ") || !byKey.MatchString(condition) {
			t.Errorf("%s: %s\n%s\n%s", name, line, condition, plan)
		}
	}
}

// byKey are conditions that leave few of a warehouse's rows.
var byKey = regexp.MustCompile(`\((?:database_key|parent_key|table_uuid|uuid) = |\(hold [=<>] `)
